import { systemClock } from '@standing-order/service-kit/runtime';
import { expect, it } from 'vitest';
import { newOrder } from '../domain/order.ts';
import { createWaits } from './waits.ts';

const order = newOrder({
  id: '01890a5d-ac96-774b-bcce-000000000001',
  nonce: 'n',
  fingerprint: '1:x',
  client: 'anonymous',
  request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 1 }] },
  now: 0,
});
const MINUTE = 60_000;
const waits = () => createWaits({ outbox: { read: async () => order, watch: () => () => {} }, clock: systemClock });

it('whoever waits is let go when the service stops, and nobody waits any more', async () => {
  const { untilDecided, end } = waits();
  const waiting = untilDecided(order, MINUTE);
  end();
  expect(await waiting).toBe(order);
  expect(untilDecided(order, MINUTE)).toBeUndefined();
});

it('whoever has gone does not wait', async () => {
  const gone = new AbortController();
  const waiting = waits().untilDecided(order, MINUTE, gone.signal);
  gone.abort();
  expect(await waiting).toBe(order);
  expect(await waits().untilDecided(order, MINUTE, gone.signal)).toBe(order);
});
