import type { OutgoingCommand } from '@standing-order/outbox';
import { systemClock } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { expect, it, vi } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import type { Order } from '../domain/order.ts';
import { createConfirmations } from './confirmations.ts';
import { createListAppender } from './list-appender.ts';
import { createListTransport } from './list-transport.ts';
import { createOrderLists } from './order-lists.ts';

const order = (n: number, consumerId = 'ada', now = 0): Order =>
  sampleOrder({
    now,
    id: `01890a5d-ac96-774b-bcce-${String(n).padStart(12, '0')}`,
    nonce: `n${n}`,
    request: { consumerId, restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 1 }] },
    index: true,
  });

function lists() {
  const store = createMemoryStore();
  const orders = new Map<string, Order>();
  const confirmations = createConfirmations(systemClock);
  const transport = createListTransport({ store, clock: systemClock, confirmations });
  const orderLists = createOrderLists({
    store,
    transport,
    outbox: {
      readAll: async (ids) => new Map(ids.flatMap((id) => (orders.has(id) ? [[id, orders.get(id) as Order]] : []))),
    },
  });
  const send = (...some: Order[]) => {
    for (const one of some) orders.set(one.id, one);
    const token = { w: 'w', a: 1, t: 7 };
    const batch = some.map(
      (document): OutgoingCommand<Order> => ({ channel: 'index', lane: 0, token, document, alone: false }),
    );
    return transport.send(batch);
  };
  const ids = async (consumerId = 'ada') =>
    (await orderLists.list(consumerId, { after: 0, limit: 100 })).orders.map(({ position, order: { id } }) => [
      position,
      id,
    ]);
  return { store, orders, orderLists, confirmations, send, ids };
}

it('confirms an order with the token of the command that put it into the list', async () => {
  const { send, confirmations, ids } = lists();
  const some = [order(1), order(2, 'bob'), order(3)];
  expect(await send(...some)).toEqual([true, true, true]);
  const confirmed = some.map(({ id }) => ({ id, reply: { kind: 'indexed', token: { w: 'w', a: 1, t: 7 } } }));
  const reply = { kind: 'time-up' } as const;
  expect(confirmations.join(some.map(({ id }) => ({ id, reply }))).slice(3)).toEqual(confirmed);
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(3).id],
  ]);
  expect(await ids('bob')).toEqual([[1, order(2).id]]);
});

it('does not confirm a failed write, and lists an order that is sent again once', async () => {
  const { send, store, confirmations, ids } = lists();
  const replies = [{ id: order(1).id, reply: { kind: 'time-up' } as const }];
  store.acceptsWrite = () => false;
  expect(await send(order(1))).toEqual([false]);
  expect(confirmations.join(replies)).toEqual(replies);
  store.acceptsWrite = () => true;
  expect(await send(order(1))).toEqual([true]);
  expect(confirmations.join(replies)).toHaveLength(2);
  expect(await send(order(1), order(1))).toEqual([true, true]);
  expect(confirmations.join(replies)).toHaveLength(2);
  expect(await ids()).toEqual([[1, order(1).id]]);
});

it('returns an order with two entries once, and leaves out an order that is no longer stored', async () => {
  const { send, store, orders, ids } = lists();
  await send(order(1), order(2), order(3));
  const stored = await store.get('ci:ada');
  const head = stored?.value as { entries: unknown[] };
  const again = { id: order(2).id, at: 0 };
  await store.update('ci:ada', { ...head, entries: [...head.entries, again] }, stored?.etag ?? '');
  orders.delete(order(3).id);
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(2).id],
  ]);
});

it('lists a new order with the id of an expired one at a new position, behind which a stream may have resumed', async () => {
  const { send, confirmations, orderLists, ids } = lists();
  await send(order(1), order(2));
  await confirmations.flush();
  const again = order(1, 'ada', 5_000);
  expect(await send(again)).toEqual([true]);
  expect(await send(again)).toEqual([true]);
  expect(await ids()).toEqual([
    [2, order(2).id],
    [3, again.id],
  ]);
  expect((await orderLists.list('ada', { after: 2, limit: 10 })).orders).toEqual([{ position: 3, order: again }]);
  expect((await orderLists.list('ada', { before: 3, limit: 10 })).orders).toMatchObject([{ position: 2 }]);
});

it('lists an order whose entry an earlier version has stored, and a new order with its id behind it', async () => {
  const { send, store, orders, orderLists, ids } = lists();
  await store.insert('ci:ada', { v: 1, first: 1, entries: [{ id: order(1).id }, { id: order(2).id }] });
  for (const one of [order(1), order(2)]) orders.set(one.id, one);
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(2).id],
  ]);
  const again = order(1, 'ada', 5_000);
  await send(again);
  expect((await orderLists.list('ada', { limit: 10 })).orders.map(({ position }) => position)).toEqual([3, 2]);
  expect((await orderLists.list('ada', { after: 1, limit: 10 })).orders.at(-1)).toEqual({ position: 3, order: again });
});

it('notifies a listener about new orders in its list, until the listener stops', async () => {
  const { send, orderLists } = lists();
  const notified: string[] = [];
  const stop = orderLists.watch('ada', () => notified.push('ada'));
  orderLists.watch('bob', () => notified.push('bob'));
  await send(order(1), order(2));
  stop();
  await send(order(3), order(4, 'bob'));
  expect(notified).toEqual(['ada', 'bob']);
});

it('writes concurrent batches together, and returns the results of each batch in its order', async () => {
  const { send, store, ids } = lists();
  const read = vi.spyOn(store, 'read');
  store.acceptsWrite = (key) => key !== 'ci:bob';
  const results = await Promise.all([send(order(1), order(2, 'bob')), send(order(3, 'bob'), order(4))]);
  expect(results).toEqual([
    [true, false],
    [false, true],
  ]);
  expect(read).toHaveBeenCalledOnce();
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(4).id],
  ]);
});

it('continues after an unexpected failure of a write', async () => {
  const write = vi.fn().mockRejectedValueOnce(new Error('unexpected')).mockResolvedValue([true]);
  const append = createListAppender({ append: write }, systemClock);
  await expect(append([order(1)])).rejects.toThrow('unexpected');
  expect(await append([order(2)])).toEqual([true]);
  expect(write).toHaveBeenLastCalledWith([{ name: 'ci:ada', entries: [{ id: order(2).id, at: 0 }] }]);
});
