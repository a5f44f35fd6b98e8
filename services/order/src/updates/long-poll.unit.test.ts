import { systemClock } from '@standing-order/service-kit/runtime';
import { expect, it } from 'vitest';
import { newOrder } from '../domain/order.ts';
import { createLongPoll } from './long-poll.ts';
import { createOrderUpdates } from './order-updates.ts';

const order = newOrder({
  id: '01890a5d-ac96-774b-bcce-000000000001',
  nonce: 'n',
  fingerprint: '1:x',
  client: 'anonymous',
  request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 1 }] },
  now: 0,
});
const MINUTE = 60_000;
function longPoll() {
  const clock = systemClock;
  const outbox = { read: async () => order, watch: () => () => {} };
  return createLongPoll({ orderUpdates: createOrderUpdates({ outbox, clock }), clock });
}

it('ends all waits when the service stops, and starts no new ones', async () => {
  const { waitForDecision, end } = longPoll();
  const waiting = waitForDecision(order, MINUTE);
  end();
  expect(await waiting).toBe(order);
  expect(waitForDecision(order, MINUTE)).toBeUndefined();
});

it('ends the wait of a client that has disconnected', async () => {
  const disconnected = new AbortController();
  const waiting = longPoll().waitForDecision(order, MINUTE, disconnected.signal);
  disconnected.abort();
  expect(await waiting).toBe(order);
  expect(await longPoll().waitForDecision(order, MINUTE, disconnected.signal)).toBe(order);
});
