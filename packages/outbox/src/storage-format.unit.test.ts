import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  documentKey,
  parseRegistry,
  parseSegment,
  parseWriter,
  registryValue,
  segmentKey,
  segmentValue,
  UnreadableError,
  writerKey,
  writerValue,
} from './storage-format.ts';

const name = fc.string({ minLength: 1, maxLength: 12 });
const count = fc.nat();

describe('stored values', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(name), count, count, count, fc.boolean(), (names, beat, low, limit, left) => {
        expect(parseSegment(segmentValue(names)).ids).toEqual(names);
        const directory = { revision: beat, writers: names, extra: {} };
        expect(parseRegistry(registryValue(directory))).toEqual({ ...directory, extra: { v: 1 } });
        const writer = { beat, low, limit, left, extra: {} };
        expect(parseWriter(writerValue(writer))).toEqual({ ...writer, extra: { v: 1 } });
      }),
    );
  });

  it('keep unknown fields and the version of a neighbouring version when they are written again', () => {
    const writer = { v: 2, beat: 1, lo: 2, limit: 3, left: false, zone: 'b' };
    expect(writerValue(parseWriter(writer))).toEqual(writer);
    const directory = { v: 2, revision: 4, writers: ['a'], note: { x: 1 } };
    expect(registryValue(parseRegistry(directory))).toEqual(directory);
  });

  it.each([null, 1, 'x', [], {}, { v: 3, ids: [] }, { v: 1 }, { v: 1, ids: [1] }, { v: '1', ids: [] }])(
    'of another shape or version are rejected: %j',
    (value) => {
      expect(() => parseSegment(value)).toThrow(UnreadableError);
    },
  );

  it('with invalid numbers are rejected', () => {
    expect(() => parseWriter({ v: 1, beat: -1, lo: 1, limit: 1, left: false })).toThrow(UnreadableError);
    expect(() => parseRegistry({ v: 1, revision: 0.5, writers: [] })).toThrow(UnreadableError);
  });

  it('have distinct keys', () => {
    const keys = [documentKey('a:1'), segmentKey('a', 1), segmentKey('a', 11), writerKey('a'), 'writers'];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
