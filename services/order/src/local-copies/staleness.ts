/** Times are on the order service's own monotonic clock, in milliseconds. */

/**
 * How stale a replica can be at most: the time since the last pull was sent that was answered completely. Whatever its owner
 * acknowledged before that moment, the replica has. Infinity before the first one.
 */
export const stalenessOf = (provenAt: number | undefined, now: number): number =>
  provenAt === undefined ? Number.POSITIVE_INFINITY : now - provenAt;

/** Whether an order may be decided on a replica that was last proven then. */
export const isFresh = (provenAt: number | undefined, now: number, boundMs: number): boolean =>
  stalenessOf(provenAt, now) <= boundMs;
