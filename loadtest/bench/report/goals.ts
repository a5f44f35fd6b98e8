import { ratioSpread, type Spread, spread } from '../measure/statistics.ts';
import type { Results } from '../results.ts';
import type { EndToEndRun } from '../scenarios/end-to-end.ts';
import type { DecidedLoad } from '../scenarios/run-until-decided.ts';
import { allCpuMs } from './end-to-end.ts';
import { spreadText, table } from './table.ts';

/** The rate of the steps at which processor time is compared with an earlier version, in orders per second. */
const COMPARED_RATE = 100;

interface Goal {
  readonly text: string;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
  /** Over the rounds. NaN if the runs for it are missing. */
  readonly measured: Spread;
}

/** The median decides. */
const isMet = ({ bound, limit, measured: { median } }: Goal): boolean =>
  bound === 'at least' ? median >= limit : median <= limit;

/** The goals of the project. Those with "before" compare with the measurements of an earlier version. */
function goalsOf(results: Results, before?: Results): readonly Goal[] {
  return [
    ...intakeGoals(results),
    ...endToEndGoals(results),
    ...lowRateGoals(results),
    ...(before ? goalsAgainst(before, results) : []),
  ];
}

/** The goals, the measured values and whether they meet them. Goals without measurements are left out. */
export function goalsReport(results: Results, before?: Results): string {
  const goals = goalsOf(results, before).filter(({ measured }) => !Number.isNaN(measured.median));
  if (goals.length === 0) return '';
  const rows = goals.map((goal) => [
    goal.text,
    `${goal.bound} ${goal.limit}`,
    spreadText(goal.measured),
    isMet(goal) ? 'met' : 'missed',
  ]);
  return ['### Goals', table(['', 'goal', 'measured', ''], rows)].join('\n\n');
}

function intakeGoals({ intake }: Results): Goal[] {
  const acknowledged = (name: string) => (intake[name] ?? []).map(({ closed }) => closed.load.acknowledgedPerSecond);
  const against = (name: string) => ratioSpread(acknowledged('ours'), acknowledged(name));
  return [
    atLeast(1, 'intake, closed loop: ours / redis', against('redis')),
    atLeast(5, 'intake, closed loop: ours / one-by-one', against('one-by-one')),
  ];
}

function endToEndGoals({ endToEnd }: Results): Goal[] {
  const valuesOf = (name: string, value: (run: EndToEndRun) => number) => (endToEnd[name] ?? []).map(value);
  const against = (name: string, value: (run: EndToEndRun) => number) =>
    ratioSpread(valuesOf('ours', value), valuesOf(name, value));
  return [
    atLeast(3, 'closed loop, decided/s: ours / batches-of-one', against('batches-of-one', decidedRate)),
    atLeast(0.9, 'closed loop: decided / acknowledged', spread(valuesOf('ours', decidedShare))),
    atLeast(0.9, 'Kafka, closed loop: decided / acknowledged', spread(valuesOf('ours-kafka', decidedShare))),
    atMost(
      1,
      'closed loop, processor time per order: ours / redis',
      against('redis', (run) => allCpuMs(run.closed)),
    ),
    atMost(
      2,
      'half of saturation, ack p50: ours / redis',
      against('redis', ({ half }) => half.load.latency.p50),
    ),
    atMost(
      2,
      'half of saturation, ack p99: ours / redis',
      against('redis', ({ half }) => half.load.latency.p99),
    ),
  ];
}

function lowRateGoals({ lowRate }: Results): Goal[] {
  const against = (value: (load: DecidedLoad) => number) =>
    ratioSpread((lowRate.ours ?? []).map(value), (lowRate.redis ?? []).map(value));
  const ackP50 = against(({ load }) => load.latency.p50);
  const ackP99 = against(({ load }) => load.latency.p99);
  const decidedP50 = against(({ decision }) => decision.p50);
  return [
    atMost(2, 'low rate, ack p50: ours / redis', ackP50),
    atMost(2, 'low rate, ack p99: ours / redis', ackP99),
    atMost(1.5, 'low rate, decided p50: ours / redis', decidedP50),
  ];
}

function goalsAgainst(before: Results, now: Results): Goal[] {
  const decided = ({ endToEnd }: Results, name: string) => (endToEnd[name] ?? []).map(decidedRate);
  const cpuAtComparedRate = ({ steps }: Results) =>
    steps.filter(({ rate }) => rate === COMPARED_RATE).map((step) => allCpuMs(step.decided));
  const heap = ({ backlog }: Results) => (backlog?.backlogs.slice(-1) ?? []).map((largest) => largest.heap);
  const drain = ({ backlog }: Results) => (backlog ? [backlog.drain.decidedPerSecond] : []);
  const against = (values: (results: Results) => readonly number[]) => ratioSpread(values(now), values(before));
  return [
    atMost(0.5, `${COMPARED_RATE} orders/s, processor time per order: ours / before`, against(cpuAtComparedRate)),
    ...['messaging', 'ours-kafka'].map((name) =>
      atLeast(
        2,
        `${name}, closed loop, decided/s: ours / before`,
        against((results) => decided(results, name)),
      ),
    ),
    atMost(1, 'largest backlog, heap: ours / before', against(heap)),
    atLeast(3, 'largest backlog, drain: ours / before', against(drain)),
  ];
}

const decidedRate = ({ closed }: EndToEndRun): number => closed.decidedPerSecond;
const decidedShare = ({ closed }: EndToEndRun): number => closed.decidedPerSecond / closed.load.acknowledgedPerSecond;

const atLeast = (limit: number, text: string, measured: Spread): Goal => ({ text, bound: 'at least', limit, measured });
const atMost = (limit: number, text: string, measured: Spread): Goal => ({ text, bound: 'at most', limit, measured });
