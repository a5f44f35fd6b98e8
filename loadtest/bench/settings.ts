import type { Load } from './generator/load.ts';

/** How long, how much and how often. Seconds, unless said otherwise. */
export interface Settings {
  /** Runs of each contender, taken in turns. */
  readonly acceptanceRounds: number;
  readonly wholeRounds: number;
  readonly warmup: number;
  /** Orders taken before acceptance is measured: enough to fill the relay's windows, so that nothing but acceptance is at work. */
  readonly preload: number;
  readonly closed: number;
  /**
   * Closed loop with everything at work: settlement begins seconds after the first order, so only a longer load shows what
   * it sustains.
   */
  readonly sustained: { readonly warmup: number; readonly seconds: number };
  readonly open: number;
  /** Orders per second with everything at work, one rate after the other, each for so many seconds. */
  readonly steps: { readonly rates: readonly number[]; readonly warmup: number; readonly seconds: number };
  /** Requests under way in the closed loop. */
  readonly concurrency: number;
  /** Orders per second in the open loop, while validators are down and while everything runs. */
  readonly acceptanceRate: number;
  readonly wholeRate: number;
  /** How long orders may take to be settled after the load. */
  readonly drain: number;
  /** Sizes of the backlog. */
  readonly backlogs: readonly [number, number];
  /** How long sends are counted while the backlog waits. */
  readonly backlogWait: number;
}

export const FULL: Settings = {
  acceptanceRounds: 3,
  wholeRounds: 3,
  warmup: 1,
  preload: 6_000,
  closed: 4,
  sustained: { warmup: 12, seconds: 12 },
  open: 3,
  steps: { rates: [100, 200, 300, 400, 600, 800, 1_000], warmup: 5, seconds: 10 },
  concurrency: 256,
  acceptanceRate: 500,
  wholeRate: 150,
  drain: 60,
  backlogs: [1_000, 100_000],
  backlogWait: 20,
};

/** For a first look: everything runs, the numbers mean little. */
export const QUICK: Settings = {
  ...FULL,
  acceptanceRounds: 1,
  wholeRounds: 1,
  warmup: 1,
  preload: 500,
  closed: 2,
  sustained: { warmup: 4, seconds: 4 },
  open: 2,
  steps: { rates: [100, 400], warmup: 1, seconds: 3 },
  drain: 30,
  backlogs: [1_000, 5_000],
  backlogWait: 5,
};

/** What every load has in common: enough for any machine, and bounded. */
export const LOAD: Pick<Load, 'maxRequests' | 'maxUnderWay' | 'timeoutMs'> = {
  maxRequests: 1_000_000,
  maxUnderWay: 4_000,
  timeoutMs: 15_000,
};
