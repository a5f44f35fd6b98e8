import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunksOf } from './chunks.ts';

test('splits all items into messages, in order, within the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 })), fc.integer({ min: 150, max: 1_000 }), (sizes, limit) => {
      const chunks = [...chunksOf(sizes, (size) => size, limit)];
      expect(chunks.flatMap(({ items }) => items)).toEqual(sizes);
      for (const { items, tooLarge } of chunks) {
        expect(items.length).toBeGreaterThan(0);
        if (tooLarge) expect(items).toHaveLength(1);
        else expect(items.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(limit);
      }
    }),
  );
});
