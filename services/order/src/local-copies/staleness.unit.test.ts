import { expect, test } from 'vitest';
import { isFresh, stalenessOf } from './staleness.ts';

test('a replica that was never loaded is infinitely stale', () => {
  expect(stalenessOf(undefined, 1_000)).toBe(Number.POSITIVE_INFINITY);
  expect(isFresh(undefined, 1_000, Number.MAX_SAFE_INTEGER)).toBe(false);
});

test('a replica is as stale as the time since its last complete pull was sent, and fresh up to its bound', () => {
  expect(stalenessOf(1_000, 1_000)).toBe(0);
  expect(stalenessOf(1_000, 6_000)).toBe(5_000);
  expect(isFresh(1_000, 6_000, 5_000)).toBe(true);
  expect(isFresh(1_000, 6_000.5, 5_000)).toBe(false);
});
