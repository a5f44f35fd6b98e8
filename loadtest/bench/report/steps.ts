import type { Step } from '../scenarios/steps.ts';
import type { Settings } from '../settings.ts';
import { number, table } from './table.ts';
import { allCpuMs, notValidated } from './whole.ts';

const acknowledged = ({ settled }: Step): number => settled.load.acknowledgedPerSecond;
const settledOf = ({ settled }: Step): number => settled.settledPerSecond;

/** How far settlement follows acceptance, as a table and as a picture (Mermaid, which GitHub draws). */
export function stepsReport(steps: readonly Step[], { steps: { warmup, seconds } }: Settings): string {
  const rows = steps.map((step) => {
    const { load, settlement, drainMs } = step.settled;
    return [
      number(step.rate),
      number(acknowledged(step)),
      number(settledOf(step)),
      number(settledOf(step) / acknowledged(step)),
      number(load.latency.p99),
      number(settlement.p50),
      number(settlement.p99),
      number(drainMs),
      number(1000 * allCpuMs(step.settled)),
      number(1000 * step.settled.perOrder.coreCpuMs),
      notValidated([step.settled]),
    ];
  });
  const head = [
    'offered/s',
    'acknowledged/s',
    'settled/s',
    'settled / acknowledged',
    'ack p99 ms',
    'settled p50 ms',
    'settled p99 ms',
    'drain ms',
    'CPU µs/order, all',
    'order+sidecar+Redis',
    'not VALIDATED',
  ];
  return [
    '## Rising rates (ours, validators and settlement at work)',
    `Open loop, ${seconds} s at each rate after ${warmup} s of warm-up; the next rate begins when everything is settled.`,
    table(head, rows),
    chart(steps),
  ].join('\n\n');
}

function chart(steps: readonly Step[]): string {
  const line = (value: (step: Step) => number) => `  line [${steps.map((step) => Math.round(value(step))).join(', ')}]`;
  return [
    '```mermaid',
    'xychart-beta',
    '  title "Orders a second: acknowledged (upper line) and settled (lower line)"',
    `  x-axis "offered/s" [${steps.map(({ rate }) => rate).join(', ')}]`,
    '  y-axis "orders/s"',
    line(acknowledged),
    line(settledOf),
    '```',
  ].join('\n');
}
