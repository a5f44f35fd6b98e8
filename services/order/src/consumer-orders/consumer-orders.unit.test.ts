import type { Outgoing } from '@standing-order/outbox';
import { createMemoryStore } from '@standing-order/platform/memory-store';
import { expect, it } from 'vitest';
import type { Message } from '../order/decide.ts';
import { newOrder, type Order } from '../order/order.ts';
import { createConsumerOrders } from './consumer-orders.ts';

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
  const recorded: { id: string; answer: Message }[] = [];
  let fails = false;
  const consumerOrders = createConsumerOrders({
    store,
    outbox: {
      readAll: async (ids) => new Map(ids.flatMap((id) => (orders.has(id) ? [[id, orders.get(id) as Order]] : []))),
      async record(entries) {
        if (fails) throw new Error('the store is down');
        recorded.push(...entries);
        return [];
      },
    },
  });
  const send = (...some: Order[]) => {
    for (const one of some) orders.set(one.id, one);
    const token = { w: 'w', a: 1, t: 7 };
    const batch = some.map((document): Outgoing<Order> => ({ channel: 'index', lane: 0, token, document }));
    return consumerOrders.transport.send(batch);
  };
  const ids = async (consumerId = 'ada') =>
    (await consumerOrders.list(consumerId, { after: 0, limit: 100 })).orders.map(({ position, order: { id } }) => [
      position,
      id,
    ]);
  const failRecording = (now: boolean) => {
    fails = now;
  };
  return { store, orders, recorded, consumerOrders, send, ids, failRecording };
}

it('an order that is in the list says so, by the sending that put it there', async () => {
  const { send, recorded, ids } = lists();
  const some = [order(1), order(2, 'bob'), order(3)];
  expect(await send(...some)).toEqual([true, true, true]);
  expect(recorded).toEqual(some.map(({ id }) => ({ id, answer: { kind: 'indexed', token: { w: 'w', a: 1, t: 7 } } })));
  expect(await ids()).toEqual([
    [1, order(1).id],
    [2, order(3).id],
  ]);
  expect(await ids('bob')).toEqual([[1, order(2).id]]);
});

it('what the store does not take is not confirmed, and is sent again without harm', async () => {
  const { send, store, recorded, ids, failRecording } = lists();
  store.takes = () => false;
  expect(await send(order(1))).toEqual([false]);
  expect(recorded).toEqual([]);
  store.takes = () => true;
  failRecording(true);
  expect(await send(order(1))).toEqual([true]);
  failRecording(false);
  expect(await send(order(1))).toEqual([true]);
  expect(recorded).toHaveLength(1);
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
