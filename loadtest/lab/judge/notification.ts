import type { FaultTimes } from './phases.ts';

/** Decided orders whose decision the notification service has not confirmed, in the memory of the responding order replicas. */
export interface UnnotifiedSample {
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly orders: number;
}

/** How the decisions of all styles reached the notification service in one run. No order waits for it. */
export interface NotificationResult {
  readonly backlogPeak: number;
  /** Milliseconds from the begin of the fault's end until at most as many orders wait as are offered in a second; 0 if no more do then. */
  readonly recoveryMs: number;
  /** Seconds after the begin of the fault, and the orders that wait then. */
  readonly timeline: readonly { readonly second: number; readonly backlog: number }[];
}

/** @param perSecond orders that are offered in a second, in all styles together */
export function notificationResult(
  samples: readonly UnnotifiedSample[],
  times: FaultTimes,
  perSecond: number,
): NotificationResult {
  const { beganAt, endBeganAt } = times;
  const afterwards = samples.filter(({ at }) => at >= endBeganAt);
  const lastLong = afterwards.findLastIndex(({ orders }) => orders > perSecond);
  const back = lastLong < 0 ? undefined : (afterwards[lastLong + 1] ?? afterwards[lastLong]);
  return {
    backlogPeak: Math.max(0, ...samples.map(({ orders }) => orders)),
    recoveryMs: back === undefined ? 0 : back.at - endBeganAt,
    timeline: samples.map(({ at, orders }) => ({ second: Math.floor((at - beganAt) / 1_000), backlog: orders })),
  };
}
