import { ratioSpread, spread } from '../measure/statistics.ts';
import type { Settled } from '../scenarios/settle.ts';
import type { WholeRun } from '../scenarios/whole.ts';
import type { Settings } from '../settings.ts';
import { COUNT_HEAD, countCells } from './acceptance.ts';
import { number, spreadText, table } from './table.ts';

type Runs = Readonly<Record<string, readonly WholeRun[]>>;
type Loop = 'closed' | 'open';

const values = (runs: readonly WholeRun[], loop: Loop, value: (run: Settled) => number) =>
  runs.map((run) => value(run[loop]));

/** Everything at work on the same cores: what is acknowledged, what is settled, and at what cost. */
export function wholeReport(all: Runs, settings: Settings): string {
  return [
    '## The whole way (validators and settlement at work)',
    `Closed loop, ${settings.concurrency} requests under way, ${settings.sustained.seconds} s after ${settings.sustained.warmup} s of warm-up. settled/s is counted while orders are offered.`,
    speedTable(all, 'closed'),
    `Open loop, ${settings.wholeRate} orders offered per second, ${settings.open} s.`,
    speedTable(all, 'open'),
    'Ours divided by the other, round by round. CPU is of all services, sidecars and Redis together, until every order was settled.',
    ratioTable(all),
    'What one order takes on its whole way (medians, closed loop; sidecar and state operations are those of the order service).',
    countTable(all),
  ].join('\n\n');
}

/** CPU milliseconds of everything but the generator. */
export const allCpuMs = ({ perOrder }: Settled): number =>
  Object.values(perOrder.cpuMs).reduce((sum, ms) => sum + ms, 0);

function speedTable(all: Runs, loop: Loop): string {
  const rows = Object.entries(all).map(([name, runs]) => {
    const of = (value: (run: Settled) => number) => spread(values(runs, loop, value));
    return [
      name,
      spreadText(of(({ load }) => load.acknowledgedPerSecond)),
      spreadText(of((run) => run.settledPerSecond)),
      spreadText(of((run) => run.settledPerSecond / run.load.acknowledgedPerSecond)),
      number(of(({ load }) => load.latency.p50).median),
      number(of(({ load }) => load.latency.p99).median),
      number(of(({ settlement }) => settlement.p50).median),
      number(of(({ settlement }) => settlement.p99).median),
      number(of(({ drainMs }) => drainMs).median),
      number(of((run) => 1000 * allCpuMs(run)).median),
      number(of((run) => 1000 * run.perOrder.coreCpuMs).median),
      notValidated(runs.map((run) => run[loop])),
      String(runs.reduce((sum, run) => sum + run[loop].deadLetters, 0)),
    ];
  });
  return table(
    [
      'contender',
      'acknowledged/s',
      'settled/s',
      'settled / acknowledged',
      'ack p50 ms',
      'ack p99 ms',
      'settled p50 ms',
      'settled p99 ms',
      'drain ms',
      'CPU µs/order, all',
      'order+sidecar+Redis',
      'not VALIDATED',
      'dead letters',
    ],
    rows,
  );
}

/** How many orders ended how, if not VALIDATED. */
export function notValidated(runs: readonly Settled[]): string {
  const counts = new Map<string, number>();
  for (const { statuses } of runs) {
    for (const [status, count] of Object.entries(statuses)) {
      if (status !== 'VALIDATED') counts.set(status, (counts.get(status) ?? 0) + count);
    }
  }
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ') || '0';
}

function ratioTable(all: Runs): string {
  const { ours, ...others } = all;
  if (ours === undefined) return 'Ours did not run.';
  const rows = Object.entries(others).map(([name, runs]) => {
    const ratio = (loop: Loop, value: (run: Settled) => number) =>
      spreadText(ratioSpread(values(ours, loop, value), values(runs, loop, value)));
    return [
      `ours / ${name}`,
      ratio('closed', ({ load }) => load.acknowledgedPerSecond),
      ratio('closed', (run) => run.settledPerSecond),
      ratio('closed', allCpuMs),
      ratio('open', allCpuMs),
    ];
  });
  return table(
    ['', 'acknowledged/s, closed', 'settled/s, closed', 'CPU per order, closed', 'CPU per order, open'],
    rows,
  );
}

function countTable(all: Runs): string {
  const rows = Object.entries(all).map(([name, runs]) => [
    name,
    ...countCells((value) => number(spread(values(runs, 'closed', ({ perOrder }) => value(perOrder))).median)),
  ]);
  return table(COUNT_HEAD, rows);
}
