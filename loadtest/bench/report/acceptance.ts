import type { PerOrder } from '../measure/per-order.ts';
import { ratioSpread, spread } from '../measure/statistics.ts';
import type { AcceptanceRun } from '../scenarios/acceptance.ts';
import type { Settings } from '../settings.ts';
import { number, spreadText, table } from './table.ts';

type Runs = Readonly<Record<string, readonly AcceptanceRun[]>>;

const of = (runs: readonly AcceptanceRun[], value: (run: AcceptanceRun) => number) => runs.map(value);
const median = (runs: readonly AcceptanceRun[], value: (run: AcceptanceRun) => number) =>
  number(spread(of(runs, value)).median);

/** Acceptance alone: how fast, at what cost, and ours against each of the others. */
export function acceptanceReport(all: Runs, settings: Settings): string {
  return [
    '## Acceptance alone (consumer and restaurant are down)',
    `Closed loop, ${settings.concurrency} requests under way, ${settings.closed} s after ${settings.warmup} s of warm-up and ${settings.preload} orders before it. Median of the rounds (smallest to largest).`,
    closedTable(all),
    `Open loop, ${settings.acceptanceRate} orders offered per second, ${settings.open} s.`,
    openTable(all),
    'Ours divided by the other, round by round. CPU is of order service, sidecar and Redis together.',
    ratioTable(all),
    'What one order takes (medians, closed loop).',
    countTable(all),
  ].join('\n\n');
}

function closedTable(all: Runs): string {
  const rows = Object.entries(all).map(([name, runs]) => [
    name,
    spreadText(spread(of(runs, (run) => run.closed.load.acknowledgedPerSecond))),
    median(runs, (run) => run.closed.load.latency.p50),
    median(runs, (run) => run.closed.load.latency.p99),
    ...cpuCells(runs, (run) => run.closed.perOrder),
    String(runs.reduce((sum, run) => sum + failures(run.closed.load), 0)),
  ]);
  return table(
    [
      'contender',
      'acknowledged/s',
      'p50 ms',
      'p99 ms',
      'CPU µs/order',
      'service',
      'sidecar',
      'Redis',
      'generator',
      'not 202',
    ],
    rows,
  );
}

function openTable(all: Runs): string {
  const rows = Object.entries(all).map(([name, runs]) => [
    name,
    spreadText(spread(of(runs, ({ open: { load } }) => (100 * load.acknowledged) / load.offered))),
    spreadText(spread(of(runs, (run) => run.open.load.latency.p50))),
    spreadText(spread(of(runs, (run) => run.open.load.latency.p99))),
    ...cpuCells(runs, (run) => run.open.perOrder),
  ]);
  return table(
    ['contender', 'acknowledged %', 'p50 ms', 'p99 ms', 'CPU µs/order', 'service', 'sidecar', 'Redis', 'generator'],
    rows,
  );
}

function cpuCells(runs: readonly AcceptanceRun[], costs: (run: AcceptanceRun) => PerOrder): string[] {
  const parts = ['order', 'order-dapr', 'redis', 'generator'];
  return [
    median(runs, (run) => 1000 * costs(run).coreCpuMs),
    ...parts.map((part) => median(runs, (run) => 1000 * (costs(run).cpuMs[part] ?? Number.NaN))),
  ];
}

function ratioTable(all: Runs): string {
  const { ours, ...others } = all;
  if (ours === undefined) return 'Ours did not run.';
  const rows = Object.entries(others).map(([name, runs]) => {
    const ratio = (value: (run: AcceptanceRun) => number) => spreadText(ratioSpread(of(ours, value), of(runs, value)));
    return [
      `ours / ${name}`,
      ratio((run) => run.closed.load.acknowledgedPerSecond),
      ratio((run) => run.closed.perOrder.coreCpuMs),
      ratio((run) => run.open.load.latency.p99),
      ratio((run) => run.open.perOrder.coreCpuMs),
    ];
  });
  return table(['', 'acknowledged/s, closed', 'CPU per order, closed', 'p99, open', 'CPU per order, open'], rows);
}

function countTable(all: Runs): string {
  const rows = Object.entries(all).map(([name, runs]) => [
    name,
    ...countCells((value) => median(runs, (run) => value(run.closed.perOrder))),
  ]);
  return table(COUNT_HEAD, rows);
}

export const COUNT_HEAD = [
  'contender',
  'sidecar calls',
  'state operations',
  'sidecar bytes',
  'Redis commands',
  'durable bytes',
  'messages',
];

export const countCells = (median: (value: (order: PerOrder) => number) => string): string[] => [
  median((order) => order.sidecarCalls),
  median((order) => order.stateOperations),
  median((order) => order.sidecarBytes),
  median((order) => order.redisCommands),
  median((order) => order.durableBytes),
  median((order) => order.messages),
];

const failures = ({ others }: AcceptanceRun['closed']['load']): number =>
  Object.values(others).reduce((sum, count) => sum + count, 0);
