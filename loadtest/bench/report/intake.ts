import type { PerOrder } from '../measure/per-order.ts';
import type { IntakeRun } from '../scenarios/intake.ts';
import type { Settings } from '../settings.ts';
import { type Column, costColumns, costRatios, medianColumn, ratioTable, runTable, spreadColumn } from './columns.ts';

/** Intake alone: throughput, latency and cost, and ours against each of the others. */
export function intakeReport(all: Readonly<Record<string, readonly IntakeRun[]>>, settings: Settings): string {
  const rows = Object.entries(all);
  return [
    '### Intake alone (consumer and restaurant are down)',
    `Closed loop, ${settings.concurrency} requests in flight, ${settings.closed} s after ${settings.warmup} s of warm-up and ${settings.preload} orders before it. Median of the rounds (smallest to largest).`,
    runTable('contender', rows, [
      spreadColumn('acknowledged/s', ({ closed }) => closed.load.acknowledgedPerSecond),
      medianColumn('p50 ms', ({ closed }) => closed.load.latency.p50),
      medianColumn('p99 ms', ({ closed }) => closed.load.latency.p99),
      ...cpuColumns(({ closed }) => closed.perOrder),
      ['not 202', (runs) => String(runs.reduce((sum, { closed }) => sum + failures(closed.load.others), 0))],
    ]),
    `Open loop, ${settings.intakeRate} orders offered per second, ${settings.open} s.`,
    runTable('contender', rows, [
      spreadColumn('acknowledged %', ({ open: { load } }) => (100 * load.acknowledged) / load.offered),
      spreadColumn('p50 ms', ({ open }) => open.load.latency.p50),
      spreadColumn('p99 ms', ({ open }) => open.load.latency.p99),
      ...cpuColumns(({ open }) => open.perOrder),
    ]),
    'Ours divided by the other, round by round. CPU is of order service, sidecar and Redis together.',
    ratioTable(all, [
      ['acknowledged/s, closed', ({ closed }) => closed.load.acknowledgedPerSecond],
      ['CPU per order, closed', ({ closed }) => closed.perOrder.coreCpuMs],
      ['p99, open', ({ open }) => open.load.latency.p99],
      ['CPU per order, open', ({ open }) => open.perOrder.coreCpuMs],
    ]),
    'Cost of one order (medians, closed loop).',
    runTable(
      'contender',
      rows,
      costColumns(({ closed }) => closed.perOrder),
    ),
    'The same, ours divided by the other, round by round.',
    ratioTable(
      all,
      costRatios(({ closed }) => closed.perOrder),
    ),
  ].join('\n\n');
}

const cpuColumns = (costs: (run: IntakeRun) => PerOrder): Column<IntakeRun>[] => {
  const process = (title: string, name: string) =>
    medianColumn(title, (run: IntakeRun) => 1000 * (costs(run).cpuMs[name] ?? Number.NaN));
  return [
    medianColumn('CPU µs/order', (run) => 1000 * costs(run).coreCpuMs),
    process('service', 'order'),
    process('sidecar', 'order-dapr'),
    process('Redis', 'redis'),
    process('generator', 'generator'),
  ];
};

const failures = (others: Readonly<Record<string, number>>): number =>
  Object.values(others).reduce((sum, count) => sum + count, 0);
