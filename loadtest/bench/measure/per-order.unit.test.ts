import { expect, it } from 'vitest';
import { perOrder } from './per-order.ts';

it('divides the resources by the orders and leaves out the reads of the benchmark', () => {
  const used = {
    cpu: { order: 2, 'order-dapr': 1, redis: 0.5, consumer: 4 },
    redis: { commands: 1100, aofBytes: 50_000 },
    sidecar: { calls: 20, bytes: 200_000, stateOperations: 10 },
    messages: { 'consumer-commands': 100, 'order-replies': 200 },
    messageSizes: { 'consumer-commands': 500, 'order-replies': 1_000 },
  };
  expect(perOrder(used, 100, 100)).toEqual({
    cpuMs: { order: 20, 'order-dapr': 10, redis: 5, consumer: 40 },
    coreCpuMs: 35,
    sidecarCalls: 0.2,
    sidecarBytes: 2000,
    stateOperations: 0.1,
    redisCommands: 10,
    durableBytes: 500,
    messages: 3,
    messageBytes: 2500,
  });
});

it('has no number of messages without topics', () => {
  const used = {
    cpu: { order: 2 },
    redis: { commands: 1100, aofBytes: 50_000 },
    sidecar: { calls: 20, bytes: 200_000, stateOperations: 10 },
    messages: {},
    messageSizes: {},
  };
  expect(perOrder(used, 100)).toMatchObject({ messages: Number.NaN, messageBytes: Number.NaN });
});
