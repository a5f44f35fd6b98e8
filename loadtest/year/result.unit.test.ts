import { describe, expect, test } from 'vitest';
import { faultsOf, plateausOf, type Result, seriesOf } from './result.ts';

const SECONDS = 90;

/** Samples every ten seconds, also for a while after the load. */
const samplesOf = (levelAt: (at: number) => number) =>
  Array.from({ length: 13 }, (_, index) => ({
    at: index * 10,
    levels: { decided: index * 1_000, entries: levelAt(index * 10) },
  }));
const plateauOf = (levelAt: (at: number) => number) => plateausOf(seriesOf(samplesOf(levelAt)), SECONDS).entries;

describe('a level', () => {
  test.each<[string, (at: number) => number, boolean]>([
    ['that stays the same has levelled off', () => 100, true],
    ['that rises at first only has levelled off', (at) => Math.min(at, 25), true],
    ['that swings between the same bounds has levelled off', (at) => 50 + (at % 30), true],
    ['that grows with every order has not levelled off', (at) => at, false],
    ['that grows slowly without an end has not levelled off', (at) => 100 + at, false],
  ])('%s', (_, levelAt, levelledOff) => {
    expect(plateauOf(levelAt)?.levelledOff).toBe(levelledOff);
  });

  test('counts within the load only', () => {
    expect(plateauOf((at) => (at > SECONDS ? 1_000 : 1))).toEqual({ middle: 1, last: 1, levelledOff: true });
  });

  test('is not the number of orders decided so far', () => {
    expect(plateausOf(seriesOf(samplesOf(() => 1)), SECONDS)).not.toHaveProperty('decided');
  });
});

describe('a run', () => {
  const series = seriesOf(samplesOf(() => 1));
  const good: Result = {
    environment: {},
    settings: { store: 'redis', broker: 'redis', rate: 100, seconds: SECONDS, retentionSeconds: 10 },
    series,
    plateaus: plateausOf(series, SECONDS),
    load: { offered: 2, dropped: 0, acknowledged: 2, others: {} },
    undecided: [],
    refused: [],
    expiry: { sampled: 1, missing: [], remaining: [] },
    leftOver: 0,
  };

  test('without a fault shows every promise', () => {
    expect(faultsOf(good)).toEqual([]);
  });

  test.each<[string, Partial<Result>, RegExp]>([
    ['that grew', { plateaus: { entries: { middle: 1, last: 2, levelledOff: false } } }, /entries grew from 1 to 2/],
    ['without an order', { load: { ...good.load, acknowledged: 0 } }, /no order was acknowledged/],
    ['that left an order undecided', { undecided: ['a'] }, /have no decision: a/],
    ['that refused a valid order', { refused: ['a'] }, /not VALIDATED: a/],
    ['that lost an order', { expiry: { ...good.expiry, missing: ['a'] } }, /missing within their retention: a/],
    ['that kept an order', { expiry: { ...good.expiry, remaining: ['a'] } }, /long after their retention: a/],
    ['that does not empty the store', { leftOver: 3 }, /3 orders remained/],
    ['that sampled no order', { expiry: { ...good.expiry, sampled: 0 } }, /no order was read after its retention/],
  ])('%s is at fault', (_, change, fault) => {
    expect(faultsOf({ ...good, ...change })).toEqual([expect.stringMatching(fault)]);
  });
});
