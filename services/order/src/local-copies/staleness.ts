/** Times are on this process's monotonic clock, in milliseconds. */

/**
 * Maximum age of a local copy: the time since the last complete pull was sent. The copy includes every change that its owner
 * acknowledged before that moment. Infinity before the first complete pull.
 */
export const stalenessOf = (completeAt: number | undefined, now: number): number =>
  completeAt === undefined ? Number.POSITIVE_INFINITY : now - completeAt;

/** Whether an order may be decided on a local copy whose last complete pull was sent at `completeAt`. */
export const isFresh = (completeAt: number | undefined, now: number, maxStalenessMs: number): boolean =>
  stalenessOf(completeAt, now) <= maxStalenessMs;
