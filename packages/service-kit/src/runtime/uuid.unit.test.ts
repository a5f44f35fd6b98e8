import { orderId } from '@standing-order/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemRandom } from './clock.ts';
import { deterministicUuid, uuidv7 } from './uuid.ts';

const at = (time: number) => ({ wall: () => time });

test('version 7 sorts by time, and both versions have the form of an order id', () => {
  const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(time, time, random, random, (one, two, r, s) => {
      const [first, second] = [uuidv7(at(one), () => r), uuidv7(at(two), () => s)];
      expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(orderId.safeParse(first).success).toBe(true);
      if (one !== two) expect(first < second).toBe(one < two);
    }),
  );
});

test('the example of RFC 9562 has the same time as ours', () => {
  expect(uuidv7(at(0x017f22e279b0), () => 0)).toBe('017f22e2-79b0-7000-8000-000000000000');
});

test('ten thousand ids of one millisecond are all different', () => {
  const ids = new Set(Array.from({ length: 10_000 }, () => uuidv7(at(1), systemRandom)));
  expect(ids.size).toBe(10_000);
});

test('equal parts give equal ids, and other parts or other boundaries other ids', () => {
  const parts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(parts, parts, (one, two) => {
      const same = JSON.stringify(one) === JSON.stringify(two);
      expect(deterministicUuid(...one) === deterministicUuid(...two)).toBe(same);
      expect(orderId.safeParse(deterministicUuid(...one)).success).toBe(true);
    }),
  );
  expect(deterministicUuid('a', 'b')).not.toBe(deterministicUuid('ab', ''));
});

test('random numbers are at least 0 and below 1', () => {
  const values = Array.from({ length: 10_000 }, systemRandom);
  expect(values.filter((value) => !(value >= 0 && value < 1))).toEqual([]);
});
