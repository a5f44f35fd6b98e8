import { expect, test } from 'vitest';
import type { Order } from '../domain/order.ts';
import { replication } from './replication.ts';
import { respondFirst } from './respond-first.ts';

const ada = { id: 'ada', active: true, orderLimit: { amount: 2_000, currency: 'EUR' } };
const trattoria = {
  id: 'trattoria',
  open: true,
  currency: 'EUR',
  minimumOrder: 0,
  menu: [{ id: 'pizza', name: 'Pizza', price: 900, available: true }],
};
const request = { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 2 }] };

/** The style over a map of stored orders; `copies` are the fresh local copies. */
function style() {
  const stored = new Map<string, Order>();
  const copies: { consumer: typeof ada | undefined; restaurant: typeof trattoria | undefined } = {
    consumer: ada,
    restaurant: trattoria,
  };
  const parts = {
    outbox: {
      store: async (order: Order) => {
        stored.set(order.id, order);
        return { outcome: 'created', document: order } as const;
      },
      read: async (id: string) => stored.get(id),
    },
    clock: { wall: () => 1_000 },
    newId: () => `id-${stored.size}`,
    acceptDeadlineMs: 1_000,
    notify: false,
    index: false,
  };
  const placeOrder = replication({
    ...parts,
    decideWithinMs: undefined,
    localCopies: { consumer: { find: () => copies.consumer }, restaurant: { find: () => copies.restaurant } },
    fallback: respondFirst({ ...parts, decideWithinMs: 5_000 }),
  });
  const place = (key?: string, wanted = request) =>
    placeOrder({ request: wanted, client: 'anonymous', idempotencyKey: key, trace: undefined });
  return { place, stored, copies };
}

test('a valid order is stored with its verdict', async () => {
  const { place, stored } = style();
  expect(await place()).toMatchObject({ outcome: 'decided', order: { status: 'VALIDATED', style: 'replication' } });
  expect([...stored.values()]).toMatchObject([{ status: 'VALIDATED', settledAt: 1_000 }]);
});

test('a rejected order has every reason and is not stored', async () => {
  const { place, stored, copies } = style();
  copies.consumer = { ...ada, active: false };
  copies.restaurant = { ...trattoria, open: false };
  expect(await place()).toMatchObject({
    outcome: 'rejected',
    reasons: [{ code: 'CONSUMER_INACTIVE' }, { code: 'RESTAURANT_CLOSED' }],
  });
  copies.consumer = { ...ada, orderLimit: { amount: 1_799, currency: 'EUR' } };
  copies.restaurant = trattoria;
  expect(await place()).toMatchObject({ outcome: 'rejected', reasons: [{ code: 'ORDER_LIMIT_EXCEEDED' }] });
  expect(stored.size).toBe(0);
});

test.each(['consumer', 'restaurant'] as const)(
  'without a fresh copy of the %s the order is placed as in respond-first',
  async (owner) => {
    const { place, copies } = style();
    copies[owner] = undefined;
    const placed = await place();
    expect(placed).toMatchObject({
      outcome: 'taken',
      order: { status: 'PENDING', style: 'respond-first', deadline: 6_000 },
    });
  },
);

test('a repeated request gets the response of the first one, also after the local copies have changed', async () => {
  const { place, copies } = style();
  const first = await place('key');
  copies.consumer = { ...ada, active: false };
  expect(await place('key')).toEqual(first);
  expect(await place('key', { ...request, restaurantId: 'other' })).toEqual({ outcome: 'key-reused' });
  copies.consumer = undefined;
  const taken = await place('later');
  copies.consumer = ada;
  expect(await place('later')).toEqual(taken);
});
