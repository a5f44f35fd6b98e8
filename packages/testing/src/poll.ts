import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Pause between two polls. The pause grows with the duration of a poll, so that polling leaves the processors to the services. */
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 500;
const PAUSE_PER_POLL = 10;

/**
 * Polls `read` until `isEnough` holds for its value, and resolves to that value. An error counts as "not yet", unless it is a
 * failed assertion. Rejects after `deadlineMs` with the last value.
 */
export async function poll<T>(
  what: string,
  read: () => T | Promise<T>,
  isEnough: (value: T) => boolean,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last = 'none';
  while (performance.now() < end) {
    const startedAt = performance.now();
    try {
      const value = await read();
      if (isEnough(value)) return value;
      last = inspect(value, { depth: 4, breakLength: 120 }).slice(0, 2_000);
    } catch (error) {
      if (error instanceof Error && error.name === 'AssertionError') throw error;
      last = `error: ${String(error)}`;
    }
    const tookMs = performance.now() - startedAt;
    await pause(Math.min(Math.max(PAUSE_MS, PAUSE_PER_POLL * tookMs), LONGEST_PAUSE_MS));
  }
  throw new Error(`${what}: not within ${deadlineMs} ms; last value: ${last}`);
}
