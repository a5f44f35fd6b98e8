import { ORDER_LANES } from '@standing-order/contracts';
import { describe, expect, test } from 'vitest';
import { createMessageGroups, createPartitionKeys } from './partition-keys.ts';

const lanes = Array.from({ length: ORDER_LANES }, (_, lane) => lane);
const keysOf = (...args: Parameters<typeof createPartitionKeys>) => lanes.map(createPartitionKeys(...args));

test('on Redis all lanes have one key', () => {
  expect(new Set(keysOf('redis', 8)).size).toBe(1);
});

test('without a known broker each lane has a key of its own', () => {
  expect(keysOf(undefined, 8)).toEqual(lanes.map(String));
});

test('on Kafka the lanes of a partition have the key of the first of them', () => {
  const keys = keysOf('kafka', 8);
  expect(new Set(keys).size).toBe(8);
  for (const [lane, key] of keys.entries()) {
    expect(Number(key)).toBeLessThanOrEqual(lane);
    expect(keys[Number(key)]).toBe(key);
  }
});

test.each([1, 2, 3, 8, 64, 1_000])(
  'each lane has one key, with %d partitions, and no more keys than partitions',
  (partitions) => {
    const keys = keysOf('kafka', partitions);
    expect(keysOf('kafka', partitions)).toEqual(keys);
    expect(new Set(keys).size).toBeLessThanOrEqual(Math.min(partitions, ORDER_LANES));
  },
);

describe('the lanes whose commands share messages', () => {
  const keyOf = createPartitionKeys('kafka', 8);

  test('are those of one partition, on the channels of the validators only', () => {
    const groupOf = createMessageGroups(keyOf, 128);
    for (const channel of ['consumer', 'details'])
      expect(lanes.map((lane) => groupOf(channel, lane))).toEqual(lanes.map(keyOf));
    for (const channel of ['response', 'notification', 'index']) expect(groupOf(channel, 0)).toBeUndefined();
  });

  test('do not exist while batch messages are off', () => {
    expect(createMessageGroups(keyOf, 1)('consumer', 0)).toBeUndefined();
  });
});
