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

/** The style over a map; `known` is what the replicas know at the moment. */
function style() {
  const stored = new Map<string, Order>();
  const known: { consumer: typeof ada | undefined; restaurant: typeof trattoria | undefined } = {
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
  const place = replication({
    ...parts,
    decideWithinMs: undefined,
    replicas: { consumer: { find: () => known.consumer }, restaurant: { find: () => known.restaurant } },
    otherwise: respondFirst({ ...parts, decideWithinMs: 5_000 }),
  });
  const ask = (key?: string, asked = request) =>
    place({ request: asked, client: 'anonymous', idempotencyKey: key, trace: undefined });
  return { ask, stored, known };
}

test('what is valid is stored with its verdict', async () => {
  const { ask, stored } = style();
  expect(await ask()).toMatchObject({ outcome: 'decided', order: { status: 'VALIDATED', style: 'replication' } });
  expect([...stored.values()]).toMatchObject([{ status: 'VALIDATED', settledAt: 1_000 }]);
});

test('what is refused is refused with every reason, and not stored', async () => {
  const { ask, stored, known } = style();
  known.consumer = { ...ada, active: false };
  known.restaurant = { ...trattoria, open: false };
  expect(await ask()).toMatchObject({
    outcome: 'rejected',
    reasons: [{ code: 'CONSUMER_INACTIVE' }, { code: 'RESTAURANT_CLOSED' }],
  });
  known.consumer = { ...ada, orderLimit: { amount: 1_799, currency: 'EUR' } };
  known.restaurant = trattoria;
  expect(await ask()).toMatchObject({ outcome: 'rejected', reasons: [{ code: 'ORDER_LIMIT_EXCEEDED' }] });
  expect(stored.size).toBe(0);
});

test.each(['consumer', 'restaurant'] as const)('without a fresh copy of the %s nothing is concluded', async (owner) => {
  const { ask, known } = style();
  known[owner] = undefined;
  const placed = await ask();
  expect(placed).toMatchObject({
    outcome: 'taken',
    order: { status: 'PENDING', style: 'respond-first', deadline: 6_000 },
  });
});

test('a request with the same Idempotency-Key is answered as it was then, whatever is known now', async () => {
  const { ask, known } = style();
  const first = await ask('key');
  known.consumer = { ...ada, active: false };
  expect(await ask('key')).toEqual(first);
  expect(await ask('key', { ...request, restaurantId: 'other' })).toEqual({ outcome: 'key-reused' });
  known.consumer = undefined;
  const taken = await ask('later');
  known.consumer = ada;
  expect(await ask('later')).toEqual(taken);
});
