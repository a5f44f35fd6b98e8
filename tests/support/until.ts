import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

const LOOK_EVERY_MS = 50;

/**
 * Looks again and again until `enough` of what it sees; the value that was enough.
 * A look that throws counts as "not yet". Past `deadlineMs` it rejects and says what was seen last.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  enough: (seen: T) => boolean,
  deadlineMs = 30_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last = 'nothing';
  while (performance.now() < end) {
    try {
      const seen = await look();
      if (enough(seen)) return seen;
      last = inspect(seen, { depth: 4, breakLength: 120 }).slice(0, 2_000);
    } catch (error) {
      last = `error: ${String(error)}`;
    }
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`${what}: not within ${deadlineMs} ms; last seen: ${last}`);
}
