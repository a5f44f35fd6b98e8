import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunksOf } from './body-chunks.ts';

test('splits all items into JSON arrays, in order, within the limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 60 })),
      fc.integer({ min: 20, max: 200 }),
      (items, limit) => {
        const chunks = [...chunksOf(items, undefined, limit)];
        expect(chunks.flatMap((chunk) => chunk.items)).toEqual(items);
        for (const chunk of chunks) {
          expect(JSON.parse(chunk.body)).toEqual(chunk.items);
          if (chunk.tooLarge) expect(chunk.items).toHaveLength(1);
          else expect(Buffer.byteLength(chunk.body)).toBeLessThanOrEqual(limit);
        }
      },
    ),
  );
});
