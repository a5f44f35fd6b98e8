import type { OrderRequest } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import type { Order } from '../domain/order.ts';
import { messaging } from './messaging.ts';

const request: OrderRequest = {
  consumerId: 'ada',
  restaurantId: 'trattoria',
  lines: [{ itemId: 'pizza', quantity: 2 }],
};

test('a request is the same order when it arrives again, and another order with another correlation id or channel', async () => {
  const orders: Order[] = [];
  let made = 0;
  const placeOrder = messaging({
    outbox: {
      async store(order) {
        orders.push(order);
        return { outcome: 'created', document: order };
      },
    },
    clock: { wall: () => 0 },
    newId: () => String(++made),
    acceptDeadlineMs: 1,
    decideWithinMs: undefined,
    notify: false,
    index: false,
  });
  const place = (client: string, correlationId: string) =>
    placeOrder({ request, client: `channel:${client}`, replyTo: { client, correlationId }, trace: undefined });
  await place('shop', 'a');
  await place('shop', 'a');
  await place('shop', 'b');
  await place('shop2', 'a');
  const [first, again, ...others] = orders.map(({ id }) => id);
  expect(again).toBe(first);
  expect(new Set([first, ...others]).size).toBe(3);
});
