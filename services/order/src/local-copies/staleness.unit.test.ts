import { expect, test } from 'vitest';
import { isFresh, stalenessOf } from './staleness.ts';

test('a local copy that has not been loaded is infinitely stale', () => {
  expect(stalenessOf(undefined, 1_000)).toBe(Number.POSITIVE_INFINITY);
  expect(isFresh(undefined, 1_000, Number.MAX_SAFE_INTEGER)).toBe(false);
});

test('the staleness of a local copy is the time since its last complete pull was sent, and it is fresh up to its limit', () => {
  expect(stalenessOf(1_000, 1_000)).toBe(0);
  expect(stalenessOf(1_000, 6_000)).toBe(5_000);
  expect(isFresh(1_000, 6_000, 5_000)).toBe(true);
  expect(isFresh(1_000, 6_000.5, 5_000)).toBe(false);
});
