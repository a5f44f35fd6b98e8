import { expect, test } from 'vitest';
import { waitUntil } from './wait-until.ts';

const always = () => true;

test('repeats a read that throws, and ends at a failed assertion', async () => {
  let reads = 0;
  const read = (): number => {
    if (++reads === 1) throw new Error('not there yet');
    return reads;
  };
  expect(await waitUntil('the second read', read, always)).toBe(2);
  await expect(waitUntil('never', () => expect(1).toBe(2), always)).rejects.toThrow('expected 1 to be 2');
});

test('rejects at the deadline with the last value', async () => {
  await expect(
    waitUntil(
      'an order',
      () => 'PENDING',
      () => false,
      1,
    ),
  ).rejects.toThrow("an order: not within 1 ms; last read: 'PENDING'");
});
