import { createManualClock } from '@standing-order/testing/manual-clock';
import { expect, it, vi } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import type { Order } from '../domain/order.ts';
import type { OrderLists } from '../order-lists/order-lists.ts';
import { createConsumerUpdates } from './consumer-updates.ts';

const SECOND = 1_000;

function pendingOrder(position: number): Order {
  return sampleOrder({ id: `01890a5d-ac96-774b-bcce-${String(position).padStart(12, '0')}` });
}

/** A consumer's list and its orders, which another replica changes, and the listeners of their updates. */
function consumerWithOrders(count: number) {
  const clock = createManualClock();
  const orders = Array.from({ length: count }, (_, index) => pendingOrder(index + 1));
  const unwatch = vi.fn();
  const watch = vi.fn(() => unwatch);
  const readAll = vi.fn(async (ids: readonly string[]) => {
    return new Map(orders.flatMap((order) => (ids.includes(order.id) ? [[order.id, order] as const] : [])));
  });
  const list = vi.fn(async (_: string, range: Parameters<OrderLists['list']>[1]) => {
    const after = ('after' in range && range.after) || 0;
    const all = orders.map((order, index) => ({ position: index + 1, order }));
    const page = all.filter(({ position }) => position > after).slice(0, range.limit);
    return { orders: page, last: page.at(-1)?.position, more: false, newest: orders.length };
  });
  const updates = createConsumerUpdates({ outbox: { readAll }, orderLists: { list, watch }, clock });

  /** A listener that receives each update at once, and `position status` of each. */
  function listen(after = 0) {
    const ending = new AbortController();
    const seen: string[] = [];
    const receive = async () => {
      for await (const { body } of updates('ada', after, ending.signal)) {
        const { id, status } = JSON.parse(body);
        seen.push(`${Number(id.slice(-12))} ${status}`);
      }
    };
    void receive();
    return { seen, abort: () => ending.abort() };
  }
  const decide = (position: number) => {
    orders[position - 1] = { ...pendingOrder(position), status: 'EXPIRED', settledAt: 1 };
  };
  const addOrder = () => orders.push(pendingOrder(orders.length + 1));
  const reads = () => [list.mock.calls.length, readAll.mock.calls.length];
  return { clock, updates, listen, decide, addOrder, list, readAll, reads, watch, unwatch };
}

it('reads as often, and as much, for 200 listeners as for one', async () => {
  async function readsFor(listeners: number) {
    const { clock, listen, decide, addOrder, list, readAll, watch } = consumerWithOrders(30);
    const all = Array.from({ length: listeners }, () => listen());
    await clock.advanceSlowly(20 * SECOND);
    decide(7);
    addOrder();
    await clock.advanceSlowly(20 * SECOND);
    const positions = Array.from({ length: 30 }, (_, index) => `${index + 1} PENDING`);
    for (const { seen } of all) expect(seen).toEqual([...positions, '7 EXPIRED', '31 PENDING']);
    expect(watch).toHaveBeenCalledOnce();
    return [list.mock.calls, readAll.mock.calls];
  }
  expect(await readsFor(200)).toEqual(await readsFor(1));
});

it('catches a late listener up from its own position, and repeats nothing to the others', async () => {
  const { clock, listen, decide } = consumerWithOrders(45);
  const early = listen();
  await clock.advanceSlowly(10 * SECOND);
  decide(2);
  await clock.advanceSlowly(10 * SECOND);
  const before = [...early.seen];
  const late = listen(1);
  await clock.advanceSlowly(10 * SECOND);
  const later = Array.from({ length: 43 }, (_, index) => `${index + 3} PENDING`);
  expect(late.seen).toEqual(['2 EXPIRED', ...later]);
  expect(early.seen).toEqual(before);
});

it('holds no listener up, and buffers little, for one that does not receive', async () => {
  const { clock, updates, listen } = consumerWithOrders(45);
  const silent = updates('ada', 0, new AbortController().signal)[Symbol.asyncIterator]();
  const { seen } = listen();
  await clock.advanceSlowly(20 * SECOND);
  expect(seen).toHaveLength(45);

  // The clock stands still: these are the updates in its buffer.
  let received = 0;
  const receive = async () => {
    for (;;) if (!(await silent.next()).done) received++;
  };
  void receive();
  await new Promise(setImmediate);
  expect(received).toBe(20);
  await clock.advanceSlowly(20 * SECOND);
  expect(received).toBe(45);
});

it('bounds the reads of a poll, and listeners at many positions get their turns', async () => {
  const { clock, listen, decide, list, readAll } = consumerWithOrders(300);
  const all = Array.from({ length: 6 }, (_, index) => ({ ...listen(index * 50), first: index * 50 + 1 }));
  await clock.advanceSlowly(0);
  expect(list).toHaveBeenCalledTimes(4);
  await clock.advanceSlowly(60 * SECOND);
  for (const { seen } of all) expect(seen).toHaveLength(50);
  for (const { first } of all) decide(first);
  await clock.advanceSlowly(60 * SECOND);
  for (const { seen, first } of all) expect(seen[50]).toBe(`${first} EXPIRED`);
  expect(Math.max(...readAll.mock.calls.map(([ids]) => ids.length))).toBe(100);
});

it('follows an order no longer that is no longer stored', async () => {
  const { clock, updates, decide, readAll } = consumerWithOrders(2);
  const resumeAfter: number[] = [];
  const receive = async () => {
    for await (const update of updates('ada', 0, new AbortController().signal)) resumeAfter.push(update.resumeAfter);
  };
  void receive();
  await clock.advanceSlowly(SECOND);
  readAll.mockResolvedValueOnce(new Map());
  await clock.advanceSlowly(10 * SECOND);
  decide(1);
  const reads = readAll.mock.calls.length;
  await clock.advanceSlowly(10 * SECOND);
  expect(readAll).toHaveBeenCalledTimes(reads);
  expect(resumeAfter).toEqual([0, 0]);
});

it('skips no update after a failed read', async () => {
  const { clock, listen, decide, list } = consumerWithOrders(2);
  const { seen } = listen();
  await clock.advanceSlowly(SECOND);
  decide(1);
  list.mockRejectedValueOnce(new Error('the store is down'));
  await clock.advanceSlowly(10 * SECOND);
  expect(seen).toEqual(['1 PENDING', '2 PENDING', '1 EXPIRED']);
});

it('reads while there is a listener, and no longer', async () => {
  const { clock, listen, reads, unwatch } = consumerWithOrders(2);
  const [one, other] = [listen(), listen()];
  await clock.advanceSlowly(10 * SECOND);
  one.abort();
  const before = reads();
  await clock.advanceSlowly(10 * SECOND);
  expect(reads()).not.toEqual(before);
  expect(unwatch).not.toHaveBeenCalled();
  other.abort();
  const after = reads();
  await clock.advanceSlowly(10 * SECOND);
  expect(reads()).toEqual(after);
  expect(unwatch).toHaveBeenCalledOnce();

  const next = listen();
  await clock.advanceSlowly(SECOND);
  expect(next.seen).toEqual(['1 PENDING', '2 PENDING']);
});
