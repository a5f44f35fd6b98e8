import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GIVE_UP_AFTER_MS, nextAttemptAt, parseRetryAfter } from './retry-schedule.ts';

test('an event is retried with exponential backoff for three days', () => {
  const delays: number[] = [];
  let now = 0;
  for (let attempts = 1; attempts < 100; attempts++) {
    const next = nextAttemptAt({ attempts, since: 0, now, random: 0.5 });
    if (next === undefined) break;
    delays.push((next - now) / 1_000);
    now = next;
  }
  expect(delays.slice(0, 9)).toEqual([5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 21_600]);
  expect(delays.slice(9).every((delay) => delay === 21_600)).toBe(true);
  expect(delays).toHaveLength(19);
  expect(now).toBeLessThanOrEqual(GIVE_UP_AFTER_MS);
});

test('a delay has a jitter of 20 %, is at least Retry-After, and ends within three days', () => {
  const failure = fc.record({
    attempts: fc.integer({ min: 1, max: 1_000 }),
    now: fc.integer({ min: 0, max: GIVE_UP_AFTER_MS }),
    retryAfterMs: fc.option(fc.nat(10 * GIVE_UP_AFTER_MS), { nil: undefined }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(
    fc.property(failure, (failed) => {
      const next = nextAttemptAt({ since: 0, ...failed });
      if (next === undefined) return;
      const delay = next - failed.now;
      expect(delay).toBeGreaterThanOrEqual(4_000);
      expect(delay).toBeGreaterThanOrEqual(Math.min(failed.retryAfterMs ?? 0, 21_600_000));
      expect(delay).toBeLessThanOrEqual(1.2 * 21_600_000);
      expect(next).toBeLessThanOrEqual(GIVE_UP_AFTER_MS);
    }),
  );
});

test.each([
  [undefined, undefined],
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['soon', undefined],
  ['-5', undefined],
])('Retry-After: %s', (header, ms) => expect(parseRetryAfter(header, 10_000)).toBe(ms));
