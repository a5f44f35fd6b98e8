import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrokerKind } from '@standing-order/local';
import { ratioSpread, type Spread, spread } from '../../bench/measure/statistics.ts';

/** Intake of one replica of the order service under one condition. */
export interface Intake {
  /** Acknowledged orders per second in the closed loop. */
  readonly acceptedPerSecond: number;
  /** Milliseconds until the acknowledgement in the open loop. */
  readonly p50: number;
  readonly p99: number;
  /** Orders of the open loop, and how many of them were acknowledged. */
  readonly offered: number;
  readonly acknowledged: number;
  /** Orders that waited for their decision when the condition began and when it ended. */
  readonly waiting: { readonly atBegin: number; readonly atEnd: number };
}

export interface WaitingPlan {
  readonly broker: BrokerKind;
  readonly repetition: number;
  /** Orders that wait before intake is measured. */
  readonly orders: number;
  /** Orders per second in the open loop. */
  readonly rate: number;
  /** Duration of each loop. */
  readonly seconds: number;
  /** Requests in flight in the closed loop. */
  readonly concurrency: number;
}

/** One repetition: the control and the backlog on the same platform. */
export interface WaitingRun {
  readonly version: 1;
  readonly plan: WaitingPlan;
  readonly startedAt: string;
  readonly commit: string;
  /** Everything is up, and no order waits. */
  readonly control: Intake;
  readonly backlog: Intake;
  /** After the consumer service was started again: seconds until the last order was decided. */
  readonly drainSeconds: number;
  /** Acknowledged orders that were decided in the end, that were not, and that are not in the store. */
  readonly decided: number;
  readonly undecided: number;
  readonly lost: number;
}

/** The repetitions of one broker. Ratios are those of the backlog to the control of the same repetition. */
export interface WaitingSummary {
  readonly broker: BrokerKind;
  readonly orders: number;
  readonly rate: number;
  readonly runs: number;
  readonly accepted: { readonly control: Spread; readonly backlog: Spread; readonly ratio: Spread };
  readonly p99: { readonly control: Spread; readonly backlog: Spread; readonly ratio: Spread };
  readonly offered: number;
  readonly acknowledged: number;
  readonly drainSeconds: Spread;
  /** Orders that were lost or not decided. */
  readonly findings: number;
}

/** The summary of each broker and number of orders. */
export function summariesOf(runs: readonly WaitingRun[]): WaitingSummary[] {
  const groups = Map.groupBy(runs, ({ plan }) => `${plan.broker} ${plan.orders} ${plan.rate}`);
  return [...groups.values()].map(summaryOf);
}

function summaryOf(runs: readonly WaitingRun[]): WaitingSummary {
  const { broker, orders, rate } = (runs[0] as WaitingRun).plan;
  const compared = (read: (intake: Intake) => number) => {
    const control = runs.map((run) => read(run.control));
    const backlog = runs.map((run) => read(run.backlog));
    return { control: spread(control), backlog: spread(backlog), ratio: ratioSpread(backlog, control) };
  };
  const sum = (read: (run: WaitingRun) => number) => runs.reduce((total, run) => total + read(run), 0);
  return {
    broker,
    orders,
    rate,
    runs: runs.length,
    accepted: compared(({ acceptedPerSecond }) => acceptedPerSecond),
    p99: compared(({ p99 }) => p99),
    offered: sum(({ backlog }) => backlog.offered),
    acknowledged: sum(({ backlog }) => backlog.acknowledged),
    drainSeconds: spread(runs.map(({ drainSeconds }) => drainSeconds)),
    findings: sum(({ undecided, lost }) => undecided + lost),
  };
}

const FILE = 'waiting.json';

/** The repetitions so far in a folder of results; none without the file. */
export async function readWaitingRuns(folder: string): Promise<readonly WaitingRun[]> {
  const text = await readFile(join(folder, FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw error;
  });
  return JSON.parse(text) as WaitingRun[];
}

/** Adds a repetition to the folder. It replaces the one with the same plan. */
export async function addWaitingRun(folder: string, run: WaitingRun): Promise<void> {
  const nameOf = ({ plan }: WaitingRun) => `${plan.broker} ${plan.orders} ${plan.rate} ${plan.repetition}`;
  const others = (await readWaitingRuns(folder)).filter((each) => nameOf(each) !== nameOf(run));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, FILE), `${JSON.stringify([...others, run])}\n`);
}
