import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Range } from './segment-numbers.ts';

describe('range', () => {
  it('starts at the smallest number that is not known to be deleted, in whatever order they go', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (order) => {
        const range = new Range();
        range.finish(50);
        for (const n of order) {
          range.deleting(n);
          range.deleted(n, 1);
        }
        let lo = 1;
        while (lo <= 50 && order.includes(lo)) lo++;
        expect(range.lo).toBe(lo);
      }),
    );
  });

  it('never goes past a batch that is not finished', () => {
    const range = new Range();
    range.finish(2);
    for (const n of [1, 2, 3]) range.missing(n);
    expect(range.lo).toBe(3);
  });

  it('never goes past a batch that was given up and may still land', () => {
    const range = new Range();
    range.finish(1);
    range.doubt(2);
    range.finish(4);
    for (const n of [1, 2, 3, 4]) range.missing(n);
    expect(range.lo).toBe(2);
    expect(range.settled).toBe(5);
  });

  it('counts the ids of a segment out once, even if it is found missing before its deletion is confirmed', () => {
    const range = new Range();
    range.named = 10;
    range.finish(2);
    range.deleting(1);
    range.missing(1);
    expect(range.named).toBe(10);
    range.deleted(1, 4);
    range.deleted(1, 4);
    expect(range.named).toBe(6);
    expect(range.lo).toBe(2);
  });
});
