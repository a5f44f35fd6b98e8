import type { Load } from './generator/load.ts';

/** Durations in seconds, rates in orders per second, and numbers of rounds. */
export interface Settings {
  /** Runs of each contender, in turns. */
  readonly intakeRounds: number;
  readonly endToEndRounds: number;
  readonly warmup: number;
  /** Orders before intake is measured: enough to fill the relay's send windows, so that only intake uses processor time. */
  readonly preload: number;
  readonly closed: number;
  /** Closed loop end to end. The first decision comes seconds after the first order, so only a long load shows the sustained rate. */
  readonly sustained: { readonly warmup: number; readonly seconds: number };
  readonly open: number;
  /** Open loops end to end. */
  readonly moderate: { readonly warmup: number; readonly seconds: number };
  /** Arrival rates end to end, one after the other. */
  readonly steps: { readonly rates: readonly number[]; readonly warmup: number; readonly seconds: number };
  /** Requests in flight in the closed loop. */
  readonly concurrency: number;
  /** Arrival rates of the open loops. */
  readonly intakeRate: number;
  readonly endToEndRate: number;
  /** Time after the load in which orders may still be decided. */
  readonly drain: number;
  /** Time until an idle platform is measured, and for how long. */
  readonly idle: { readonly settle: number; readonly seconds: number };
  /** Sizes of the backlog. */
  readonly backlogs: readonly [number, number];
  /** Time in which commands are counted without new orders. */
  readonly backlogWait: number;
}

export const FULL: Settings = {
  intakeRounds: 3,
  endToEndRounds: 3,
  warmup: 1,
  preload: 6_000,
  closed: 4,
  sustained: { warmup: 12, seconds: 12 },
  open: 3,
  moderate: { warmup: 5, seconds: 10 },
  steps: { rates: [100, 200, 300, 400, 600, 800, 1_000], warmup: 5, seconds: 10 },
  concurrency: 256,
  intakeRate: 500,
  endToEndRate: 150,
  drain: 60,
  idle: { settle: 10, seconds: 60 },
  backlogs: [1_000, 100_000],
  backlogWait: 20,
};

/** For a quick check of the benchmark itself; too short for meaningful numbers. */
export const QUICK: Settings = {
  ...FULL,
  intakeRounds: 1,
  endToEndRounds: 1,
  preload: 500,
  closed: 2,
  sustained: { warmup: 4, seconds: 4 },
  open: 2,
  moderate: { warmup: 1, seconds: 3 },
  steps: { rates: [100, 400], warmup: 1, seconds: 3 },
  drain: 30,
  idle: { settle: 5, seconds: 10 },
  backlogs: [1_000, 5_000],
  backlogWait: 5,
};

/** Limits of every load, beyond what the machine can reach. */
export const LOAD_LIMITS: Pick<Load, 'maxRequests' | 'maxInFlight' | 'timeoutMs'> = {
  maxRequests: 1_000_000,
  maxInFlight: 4_000,
  timeoutMs: 15_000,
};
