const second = 1_000;
const hour = 3_600 * second;

const FIRST_PAUSE_MS = 5 * second;
const FACTOR = 3;
const LONGEST_PAUSE_MS = 6 * hour;
const JITTER = 0.2;

/** An event that could not be delivered for so long since its first attempt is given up. */
export const GIVE_UP_AFTER_MS = 72 * hour;

export interface Failure {
  /** Attempts so far, this one included. */
  readonly attempts: number;
  /** When the first one was; Unix time in milliseconds, as are the others. */
  readonly since: number;
  readonly now: number;
  /** What the receiver asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * When an event is tried again: after 5 s, 15 s, 45 s and so on up to 6 h, each varied by a fifth, never before the receiver
 * wants it. Undefined: not any more.
 */
export function nextAttempt({ attempts, since, now, retryAfterMs = 0, random }: Failure): number | undefined {
  const pause = Math.min(FIRST_PAUSE_MS * FACTOR ** (attempts - 1), LONGEST_PAUSE_MS);
  const varied = pause * (1 - JITTER + 2 * JITTER * random);
  const next = now + Math.round(Math.max(varied, Math.min(retryAfterMs, LONGEST_PAUSE_MS)));
  return next > since + GIVE_UP_AFTER_MS ? undefined : next;
}

/** Retry-After (RFC 9110): seconds, or a date. In milliseconds from `now`; undefined when it is neither. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * second;
  const date = / GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
