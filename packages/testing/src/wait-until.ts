import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Pause between two reads, in milliseconds. It grows with the time of a read, to leave the machine to the parts under test. */
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 500;
const PAUSE_PER_READ = 10;

/**
 * Reads again and again until `isEnough` accepts the value, and returns it. A read that throws is repeated, unless it throws a
 * failed assertion. Rejects after `deadlineMs` with the value or error of the last read.
 */
export async function waitUntil<T>(
  description: string,
  read: () => T | Promise<T>,
  isEnough: (value: T) => boolean,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last = 'no value';
  while (performance.now() < end) {
    const began = performance.now();
    try {
      const value = await read();
      if (isEnough(value)) return value;
      last = inspect(value, { depth: 4, breakLength: 120 }).slice(0, 2_000);
    } catch (error) {
      if (error instanceof Error && error.name === 'AssertionError') throw error;
      last = `error: ${String(error)}`;
    }
    const tookMs = performance.now() - began;
    await pause(Math.min(Math.max(MIN_PAUSE_MS, PAUSE_PER_READ * tookMs), MAX_PAUSE_MS));
  }
  throw new Error(`${description}: not within ${deadlineMs} ms; last read: ${last}`);
}
