import type { ConsumerVerdict, DetailsVerdict } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import type { Order } from '../domain/order.ts';
import { synchronous } from './synchronous.ts';

const request = { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 2 }] };
const total = { amount: 1_800, currency: 'EUR' };
const priced = { itemId: 'pizza', name: 'Pizza', quantity: 2, unitPrice: 900, amount: 1_800 };
const yes: DetailsVerdict = { type: 'com.standing-order.order-details-validated.v1', data: { lines: [priced], total } };
const no: DetailsVerdict = {
  type: 'com.standing-order.order-details-refused.v1',
  data: { reasons: [{ code: 'RESTAURANT_CLOSED', detail: 'closed' }] },
};
const consumer = async (): Promise<ConsumerVerdict> => ({
  type: 'com.standing-order.consumer-validated.v1',
  data: { orderLimit: { amount: 5_000, currency: 'EUR' } },
});

/** A replica over a shared store; `details` is the response of the restaurant service. */
function replica(stored: Map<string, Order>, details: () => Promise<DetailsVerdict | undefined>) {
  const place = synchronous({
    outbox: {
      async store(order: Order) {
        const before = stored.get(order.id);
        if (before) return { outcome: 'existing', document: before } as const;
        stored.set(order.id, order);
        return { outcome: 'created', document: order } as const;
      },
      read: async (id: string) => stored.get(id),
    },
    validators: { consumer, details },
    clock: { wall: () => 1_000 },
    newId: () => `id-${stored.size}`,
    acceptDeadlineMs: 1_000,
    decideWithinMs: undefined,
    notify: false,
    index: false,
  });
  return (idempotencyKey?: string) => place({ request, client: 'anonymous', idempotencyKey, trace: undefined });
}

test.each([
  ['refused', no],
  ['without response', undefined],
])('a request whose validation is %s gets the order that another request with its key has stored', async (_, late) => {
  const stored = new Map<string, Order>();
  const quick = replica(stored, async () => yes);
  const slow = replica(stored, async () => {
    await quick('key');
    return late;
  });
  const result = await slow('key');
  expect(result).toMatchObject({ outcome: 'decided', order: { status: 'VALIDATED' } });
  expect(result).toEqual(await quick('key'));
  expect(stored.size).toBe(1);
});

test('prices for another order are no verdict: the request is refused like one without response', async () => {
  const stored = new Map<string, Order>();
  const free = { ...priced, unitPrice: 0, amount: 0 };
  const others = [{ ...free, itemId: 'water' }, { ...free, quantity: 1 }, priced];
  for (const line of others) {
    const data = { lines: [line], total: { amount: 0, currency: 'EUR' } };
    const place = replica(stored, async () => ({ type: yes.type, data }) as DetailsVerdict);
    expect(await place()).toEqual({ outcome: 'dependency-unavailable', dependencies: ['restaurant'] });
  }
  expect(stored.size).toBe(0);
});

test('without such an order, or without a key, a refused request stays refused', async () => {
  const stored = new Map<string, Order>();
  await replica(stored, async () => yes)();
  const refused = replica(stored, async () => no);
  expect(await refused('key')).toMatchObject({ outcome: 'rejected' });
  expect(await refused()).toMatchObject({ outcome: 'rejected' });
  const withoutResponse = replica(stored, async () => undefined);
  expect(await withoutResponse('key')).toEqual({ outcome: 'dependency-unavailable', dependencies: ['restaurant'] });
  expect(stored.size).toBe(1);
});
