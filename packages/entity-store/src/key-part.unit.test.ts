import { consumerId } from '@standing-order/contracts';
import { consumerIds } from '@standing-order/testing/consumer-ids';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idOfKeyPart, keyPart } from './key-part.ts';

test.each(['ada', 'demo-1', 'Bench_consumer-7', '018f3c9e-7b1a-7c3d-8e4f-0123456789ab'])(
  'the key of an id that was always allowed stays: %s',
  (known) => {
    expect(keyPart(known)).toBe(known);
  },
);

test.each([
  ['auth0|5f7c8ec7c33c6c004bbafe82', 'auth0.7C5f7c8ec7c33c6c004bbafe82'],
  ['ada@example.com', 'ada.40example.2Ecom'],
  ['a||b', 'a.7C.7Cb'],
])('escapes %s', (free, part) => {
  expect(keyPart(free)).toBe(part);
});

test('the id of a part is the id, so that no two ids share a key', () => {
  fc.assert(
    fc.property(consumerIds, (id) => {
      expect(idOfKeyPart(keyPart(id))).toBe(id);
    }),
    { numRuns: 1_000 },
  );
});

test('the part of any id has no separator, and fits into the index of PostgreSQL', () => {
  fc.assert(
    fc.property(consumerIds, (id) => {
      expect(consumerId.parse(id)).toBe(id);
      expect(keyPart(id)).toMatch(/^[A-Za-z0-9_.-]+$/);
      expect(keyPart(id).length).toBeLessThanOrEqual(3 * 255);
      expect(encodeURIComponent(keyPart(id))).toBe(keyPart(id));
    }),
    { numRuns: 1_000 },
  );
});
