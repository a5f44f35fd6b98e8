const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

const FIRST_DELAY_MS = 5 * SECOND;
const FACTOR = 3;
const MAX_DELAY_MS = 6 * HOUR;
const JITTER = 0.2;

/** A delivery has failed when this much time has passed since its first attempt. */
export const GIVE_UP_AFTER_MS = 72 * HOUR;

export interface FailedAttempt {
  /** Attempts so far, this one included. */
  readonly attempts: number;
  /** Time of the first attempt. Times are Unix time in milliseconds. */
  readonly since: number;
  readonly now: number;
  /** Delay that the receiver requested with Retry-After, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * Time of the next attempt. Delays are 5 s, 15 s, 45 s and so on up to 6 h, each with a jitter of 20 %, and never shorter than
 * Retry-After (up to 6 h). Undefined when the delivery is given up.
 */
export function nextAttemptAt({ attempts, since, now, retryAfterMs = 0, random }: FailedAttempt): number | undefined {
  const delay = Math.min(FIRST_DELAY_MS * FACTOR ** (attempts - 1), MAX_DELAY_MS);
  const withJitter = delay * (1 - JITTER + 2 * JITTER * random);
  const next = now + Math.round(Math.max(withJitter, Math.min(retryAfterMs, MAX_DELAY_MS)));
  return next > since + GIVE_UP_AFTER_MS ? undefined : next;
}

/** Parses Retry-After (RFC 9110: seconds or a date) into milliseconds from `now`. Undefined when it is neither. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * SECOND;
  const date = / GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
