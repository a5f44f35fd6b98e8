import { systemClock } from '@standing-order/service-kit/runtime';
import { expect, it } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import { createLongPoll } from './long-poll.ts';
import { createOrderUpdates } from './order-updates.ts';

const order = sampleOrder();
const MINUTE = 60_000;
const request = { caller: 'ada', signal: new AbortController().signal };
function longPoll(maxPerCaller?: number) {
  const clock = systemClock;
  const outbox = { read: async () => order, watch: () => () => {} };
  return createLongPoll({
    orderUpdates: createOrderUpdates({ outbox, clock }),
    clock,
    ...(maxPerCaller && { maxPerCaller }),
  });
}

it('ends all waits when the service stops, and starts no new ones', async () => {
  const { waitForDecision, end } = longPoll();
  const waiting = waitForDecision(order, MINUTE, request);
  end();
  expect(await waiting).toBe(order);
  expect(waitForDecision(order, MINUTE, request)).toBeUndefined();
});

it('ends the wait of a client that has disconnected', async () => {
  const disconnected = new AbortController();
  const waiting = longPoll().waitForDecision(order, MINUTE, { ...request, signal: disconnected.signal });
  disconnected.abort();
  expect(await waiting).toBe(order);
  expect(await longPoll().waitForDecision(order, MINUTE, { ...request, signal: disconnected.signal })).toBe(order);
});

it('bounds the waits of one caller, leaves places to others, and frees the place of a wait that has ended', async () => {
  const { waitForDecision } = longPoll(2);
  const disconnected = new AbortController();
  const first = waitForDecision(order, MINUTE, { ...request, signal: disconnected.signal });
  const second = waitForDecision(order, 0, request);
  expect(waitForDecision(order, 0, request)).toBeUndefined();
  expect(await waitForDecision(order, 0, { ...request, caller: 'bob' })).toBe(order);
  disconnected.abort();
  expect(await Promise.all([first, second])).toEqual([order, order]);
  expect(await waitForDecision(order, 0, request)).toBe(order);
});
