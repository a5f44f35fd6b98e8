import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Between two looks, at least and at most. Who waits leaves the machine to those who work: looks that take long are rarer. */
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 500;
const PAUSE_PER_LOOK = 10;

/**
 * Looks again and again until `enough` of what it sees; the value that was enough.
 * A look that throws counts as "not yet", unless what it throws is a failed assertion. Past `deadlineMs` it rejects and says
 * what was seen last.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  enough: (seen: T) => boolean,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last = 'nothing';
  while (performance.now() < end) {
    const began = performance.now();
    try {
      const seen = await look();
      if (enough(seen)) return seen;
      last = inspect(seen, { depth: 4, breakLength: 120 }).slice(0, 2_000);
    } catch (error) {
      if (error instanceof Error && error.name === 'AssertionError') throw error;
      last = `error: ${String(error)}`;
    }
    const took = performance.now() - began;
    await pause(Math.min(Math.max(PAUSE_MS, PAUSE_PER_LOOK * took), LONGEST_PAUSE_MS));
  }
  throw new Error(`${what}: not within ${deadlineMs} ms; last seen: ${last}`);
}
