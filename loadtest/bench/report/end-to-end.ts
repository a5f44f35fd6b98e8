import type { EndToEndRun } from '../scenarios/end-to-end.ts';
import type { DecidedLoad } from '../scenarios/run-until-decided.ts';
import type { Step } from '../scenarios/steps.ts';
import type { Settings } from '../settings.ts';
import { type Column, costColumns, costRatios, medianColumn, ratioTable, runTable, spreadColumn } from './columns.ts';
import { number } from './table.ts';

/** CPU milliseconds per order of all processes but the generator. */
export const allCpuMs = ({ perOrder }: DecidedLoad): number =>
  Object.values(perOrder.cpuMs).reduce((sum, ms) => sum + ms, 0);

const COLUMNS: readonly Column<DecidedLoad>[] = [
  spreadColumn('acknowledged/s', ({ load }) => load.acknowledgedPerSecond),
  spreadColumn('decided/s', (run) => run.decidedPerSecond),
  spreadColumn('decided / acknowledged', (run) => run.decidedPerSecond / run.load.acknowledgedPerSecond),
  medianColumn('ack p50 ms', ({ load }) => load.latency.p50),
  medianColumn('ack p99 ms', ({ load }) => load.latency.p99),
  medianColumn('decided p50 ms', ({ decision }) => decision.p50),
  medianColumn('decided p99 ms', ({ decision }) => decision.p99),
  medianColumn('drain ms', ({ drainMs }) => drainMs),
  medianColumn('CPU µs/order, all', (run) => 1000 * allCpuMs(run)),
  medianColumn('order+sidecar+Redis', ({ perOrder }) => 1000 * perOrder.coreCpuMs),
  ['not VALIDATED', notValidated],
  ['dead letters', (runs) => number(runs.reduce((sum, { deadLetters }) => sum + deadLetters, 0))],
];

const LOW_RATE_COLUMNS: readonly Column<DecidedLoad>[] = [
  spreadColumn('ack p50 ms', ({ load }) => load.latency.p50),
  spreadColumn('ack p99 ms', ({ load }) => load.latency.p99),
  spreadColumn('decided p50 ms', ({ decision }) => decision.p50),
  spreadColumn('decided p99 ms', ({ decision }) => decision.p99),
  spreadColumn('CPU µs/order, all', (run) => 1000 * allCpuMs(run)),
  ['not VALIDATED', notValidated],
];

/** All services on the same cores: acknowledged and decided orders, and their cost. */
export function endToEndReport(all: Readonly<Record<string, readonly EndToEndRun[]>>, settings: Settings): string {
  const rows = Object.entries(all);
  const ofLoop = (loop: keyof EndToEndRun) => rows.map(([name, runs]) => [name, runs.map((run) => run[loop])] as const);
  return [
    '### End to end (validators at work)',
    `Closed loop, ${settings.concurrency} requests in flight, ${settings.sustained.seconds} s after ${settings.sustained.warmup} s of warm-up. decided/s is counted while orders are offered.`,
    runTable('contender', ofLoop('closed'), COLUMNS),
    `Open loop, ${settings.endToEndRate} orders offered per second, ${settings.moderate.seconds} s after ${settings.moderate.warmup} s of warm-up.`,
    runTable('contender', ofLoop('open'), COLUMNS),
    'Open loop, at half of the rate at which ours decides orders in the closed loop.',
    runTable('contender', ofLoop('half'), COLUMNS),
    'Ours divided by the other, round by round. CPU is of all services, sidecars and Redis together, until every order was decided.',
    ratioTable(all, [
      ['acknowledged/s, closed', ({ closed }) => closed.load.acknowledgedPerSecond],
      ['decided/s, closed', ({ closed }) => closed.decidedPerSecond],
      ['CPU per order, closed', ({ closed }) => allCpuMs(closed)],
      ['CPU per order, open', ({ open }) => allCpuMs(open)],
    ]),
    'Latency of ours divided by that of the other, round by round, in the two open loops.',
    ratioTable(all, [
      ['ack p50', ({ open }) => open.load.latency.p50],
      ['ack p99', ({ open }) => open.load.latency.p99],
      ['decided p50', ({ open }) => open.decision.p50],
      ['ack p50, half', ({ half }) => half.load.latency.p50],
      ['ack p99, half', ({ half }) => half.load.latency.p99],
      ['decided p50, half', ({ half }) => half.decision.p50],
    ]),
    'Cost of one order end to end (medians, closed loop; sidecar and state operations are those of the order service).',
    runTable(
      'contender',
      ofLoop('closed'),
      costColumns(({ perOrder }) => perOrder),
    ),
    'The same, ours divided by the other, round by round.',
    ratioTable(
      all,
      costRatios(({ closed }) => closed.perOrder),
    ),
  ].join('\n\n');
}

/** The open loop at a low rate, measured by itself. */
export function lowRateReport(all: Readonly<Record<string, readonly DecidedLoad[]>>, settings: Settings): string {
  return [
    '### Low rate',
    `Open loop alone, ${settings.endToEndRate} orders offered per second, ${settings.moderate.seconds} s after ${settings.moderate.warmup} s of warm-up.`,
    runTable('contender', Object.entries(all), LOW_RATE_COLUMNS),
    'Ours divided by the other, round by round.',
    ratioTable(all, [
      ['ack p50', ({ load }) => load.latency.p50],
      ['ack p99', ({ load }) => load.latency.p99],
      ['decided p50', ({ decision }) => decision.p50],
      ['CPU per order', allCpuMs],
    ]),
  ].join('\n\n');
}

/** Whether decisions keep up with intake, as a table and as a chart (Mermaid, which GitHub draws). */
export function stepsReport(steps: readonly Step[], { steps: { warmup, seconds } }: Settings): string {
  const line = (value: (load: DecidedLoad) => number) =>
    `  line [${steps.map(({ decided }) => Math.round(value(decided))).join(', ')}]`;
  return [
    '### Rising rates (ours, validators at work)',
    `Open loop, ${seconds} s at each rate after ${warmup} s of warm-up; the next rate begins when all orders are decided.`,
    runTable(
      'offered/s',
      steps.map(({ rate, decided }) => [number(rate), [decided]] as const),
      COLUMNS,
    ),
    [
      '```mermaid',
      'xychart-beta',
      '  title "Orders a second: acknowledged (upper line) and decided (lower line)"',
      `  x-axis "offered/s" [${steps.map(({ rate }) => rate).join(', ')}]`,
      '  y-axis "orders/s"',
      line(({ load }) => load.acknowledgedPerSecond),
      line((load) => load.decidedPerSecond),
      '```',
    ].join('\n'),
  ].join('\n\n');
}

/** Numbers of orders by status, other than VALIDATED. */
function notValidated(runs: readonly DecidedLoad[]): string {
  const counts = new Map<string, number>();
  for (const { statuses } of runs) {
    for (const [status, count] of Object.entries(statuses)) {
      if (status !== 'VALIDATED') counts.set(status, (counts.get(status) ?? 0) + count);
    }
  }
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ') || '0';
}
