import { describe, expect, it } from 'vitest';
import { percentile, ratioSpread, spread } from './statistics.ts';

describe('percentile', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);

  it('is the nearest rank', () => {
    expect(percentile(hundred, 50)).toBe(50);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile(hundred, 99.5)).toBe(100);
    expect(percentile(hundred, 100)).toBe(100);
    expect(percentile(hundred, 0.1)).toBe(1);
  });

  it('of one value is that value, of an empty sample is NaN', () => {
    expect(percentile([7], 99)).toBe(7);
    expect(percentile([], 50)).toBeNaN();
  });
});

describe('spread', () => {
  it('is the middle of an odd number of values and the mean of the two in the middle of an even number', () => {
    expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
    expect(spread([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10 });
  });

  it('leaves out NaN and sorts by value', () => {
    expect(spread([Number.NaN, 10, 9])).toEqual({ median: 9.5, min: 9, max: 10 });
    expect(spread([])).toEqual({ median: Number.NaN, min: Number.NaN, max: Number.NaN });
  });
});

describe('ratioSpread', () => {
  it('pairs the runs of one round', () => {
    expect(ratioSpread([100, 50, 90], [10, 10, 30])).toEqual({ median: 5, min: 3, max: 10 });
  });

  it('leaves out rounds without a ratio', () => {
    expect(ratioSpread([100, Number.NaN, 8], [10, 1, 0])).toEqual({ median: 10, min: 10, max: 10 });
    expect(ratioSpread([100, 50], [10])).toEqual({ median: 10, min: 10, max: 10 });
  });
});
