import type { OutgoingCommand } from '@standing-order/outbox';
import { systemClock } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { expect, it, vi } from 'vitest';
import { newOrder, type Order } from '../domain/order.ts';
import { createConsumerOrders } from './consumer-orders.ts';
import { createListing } from './listing.ts';

const order = (n: number, consumerId = 'ada'): Order =>
  newOrder({
    id: `01890a5d-ac96-774b-bcce-${String(n).padStart(12, '0')}`,
    nonce: `n${n}`,
    fingerprint: '1:x',
    client: 'anonymous',
    request: { consumerId, restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 1 }] },
    now: 0,
    index: true,
  });

function lists() {
  const store = createMemoryStore();
  const orders = new Map<string, Order>();
  const consumerOrders = createConsumerOrders({
    store,
    clock: systemClock,
    outbox: {
      readAll: async (ids) => new Map(ids.flatMap((id) => (orders.has(id) ? [[id, orders.get(id) as Order]] : []))),
      record: async () => [],
    },
  });
  const send = (...some: Order[]) => {
    for (const one of some) orders.set(one.id, one);
    const token = { w: 'w', a: 1, t: 7 };
    const batch = some.map((document): OutgoingCommand<Order> => ({ channel: 'index', lane: 0, token, document }));
    return consumerOrders.transport.send(batch);
  };
  const ids = async (consumerId = 'ada') =>
    (await consumerOrders.list(consumerId, { after: 0, limit: 100 })).orders.map(({ position, order: { id } }) => [
      position,
      id,
    ]);
  return { store, orders, consumerOrders, send, ids };
}

it('an order that is in the list says so, by the sending that put it there', async () => {
  const { send, consumerOrders, ids } = lists();
  const some = [order(1), order(2, 'bob'), order(3)];
  expect(await send(...some)).toEqual([true, true, true]);
  const confirmed = some.map(({ id }) => ({ id, reply: { kind: 'indexed', token: { w: 'w', a: 1, t: 7 } } }));
  const reply = { kind: 'time-up' } as const;
  expect(consumerOrders.joined(some.map(({ id }) => ({ id, reply }))).slice(3)).toEqual(confirmed);
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(3).id],
  ]);
  expect(await ids('bob')).toEqual([[1, order(2).id]]);
});

it('what the store does not take is not confirmed, and what is sent again is in the list once', async () => {
  const { send, store, consumerOrders, ids } = lists();
  const waits = [{ id: order(1).id, reply: { kind: 'time-up' } as const }];
  store.takes = () => false;
  expect(await send(order(1))).toEqual([false]);
  expect(consumerOrders.joined(waits)).toEqual(waits);
  store.takes = () => true;
  expect(await send(order(1))).toEqual([true]);
  expect(consumerOrders.joined(waits)).toHaveLength(2);
  expect(await send(order(1), order(1))).toEqual([true, true]);
  expect(consumerOrders.joined(waits)).toHaveLength(2);
  expect(await ids()).toEqual([[1, order(1).id]]);
});

it('an order that is listed twice, or that the store has lost, is shown once, or not at all', async () => {
  const { send, store, orders, ids } = lists();
  await send(order(1), order(2), order(3));
  const stored = await store.get('ci:ada');
  const head = stored?.value as { entries: unknown[] };
  await store.update('ci:ada', { ...head, entries: [...head.entries, { id: order(2).id }] }, stored?.etag ?? '');
  orders.delete(order(3).id);
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(2).id],
  ]);
});

it('who watches a list hears of what is put into it, until he stops', async () => {
  const { send, consumerOrders } = lists();
  const heard: string[] = [];
  const stop = consumerOrders.watch('ada', () => heard.push('ada'));
  consumerOrders.watch('bob', () => heard.push('bob'));
  await send(order(1), order(2));
  stop();
  await send(order(3), order(4, 'bob'));
  expect(heard).toEqual(['ada', 'bob']);
});

it('what is sent meanwhile is added together, and answered in its own place', async () => {
  const { send, store, ids } = lists();
  const read = vi.spyOn(store, 'read');
  store.takes = (key) => key !== 'ci:bob';
  const answers = await Promise.all([send(order(1), order(2, 'bob')), send(order(3, 'bob'), order(4))]);
  expect(answers).toEqual([
    [true, false],
    [false, true],
  ]);
  expect(read).toHaveBeenCalledOnce();
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(4).id],
  ]);
});

it('an addition that fails unexpectedly keeps no later one from the lists', async () => {
  const append = vi.fn().mockRejectedValueOnce(new Error('unexpected')).mockResolvedValue([true]);
  const add = createListing({ append }, systemClock);
  await expect(add([order(1)])).rejects.toThrow('unexpected');
  expect(await add([order(2)])).toEqual([true]);
  expect(append).toHaveBeenLastCalledWith([{ name: 'ci:ada', entries: [{ id: order(2).id }] }]);
});
