import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SegmentNumbers } from './segment-numbers.ts';

describe('segment numbers', () => {
  it('keep `low` at the smallest number not known to be deleted, for any order of deletions', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (order) => {
        const range = new SegmentNumbers();
        range.finish(50);
        for (const n of order) {
          range.markDeleting(n);
          range.markDeleted(n, 1);
        }
        let lo = 1;
        while (lo <= 50 && order.includes(lo)) lo++;
        expect(range.low).toBe(lo);
      }),
    );
  });

  it('never raise `low` above a batch that is not finished', () => {
    const range = new SegmentNumbers();
    range.finish(2);
    for (const n of [1, 2, 3]) range.markMissing(n);
    expect(range.low).toBe(3);
  });

  it('never raise `low` above a batch that was given up and may still be applied', () => {
    const range = new SegmentNumbers();
    range.finish(1);
    range.markUncertain(2);
    range.finish(4);
    for (const n of [1, 2, 3, 4]) range.markMissing(n);
    expect(range.low).toBe(2);
    expect(range.finishedBelow).toBe(5);
  });

  it('subtract the ids of a segment once, even if it is found missing before its deletion is confirmed', () => {
    const range = new SegmentNumbers();
    range.openIds = 10;
    range.finish(2);
    range.markDeleting(1);
    range.markMissing(1);
    expect(range.openIds).toBe(10);
    range.markDeleted(1, 4);
    range.markDeleted(1, 4);
    expect(range.openIds).toBe(6);
    expect(range.low).toBe(2);
  });
});
