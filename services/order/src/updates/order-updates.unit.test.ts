import { systemClock } from '@standing-order/service-kit/runtime';
import { createManualClock } from '@standing-order/testing/manual-clock';
import { expect, it, vi } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import type { Order } from '../domain/order.ts';
import { createOrderUpdates } from './order-updates.ts';

const pending = sampleOrder();
const expired: Order = { ...pending, status: 'EXPIRED', settledAt: 1 };

/** The updates over an outbox whose stored order and notifications a test controls. */
function follow(read: () => Promise<Order | undefined>, first: Order = pending) {
  let notify = (_: Order) => {};
  const unwatch = vi.fn();
  const ending = new AbortController();
  const watch = (_: string, listener: (order: Order) => void) => {
    notify = listener;
    return unwatch;
  };
  const updates = createOrderUpdates({ outbox: { read, watch }, clock: systemClock })(first, ending.signal);
  return { updates, notify: (order: Order) => notify(order), unwatch, abort: () => ending.abort() };
}

async function statuses(updates: AsyncIterable<Order>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { status } of updates) seen.push(status);
  return seen;
}

it('yields the first state, then the decided one that another replica has stored, and ends', async () => {
  let reads = 0;
  const { updates, unwatch } = follow(async () => (++reads < 3 ? pending : expired));
  expect(await statuses(updates)).toEqual(['PENDING', 'EXPIRED']);
  expect([reads, unwatch.mock.calls.length]).toEqual([3, 1]);
});

it('yields a decision of this replica at once, also during a slow read of an older state', async () => {
  const { promise: slowRead, resolve } = Promise.withResolvers<Order>();
  const read = vi.fn(() => slowRead);
  const { updates, notify } = follow(read);
  const seen = statuses(updates);
  await vi.waitUntil(() => read.mock.calls.length > 0);
  notify(expired);
  expect(await seen).toEqual(['PENDING', 'EXPIRED']);
  resolve(pending);
});

it('ends at once when the signal aborts, also during a read that does not return', async () => {
  const read = vi.fn(() => new Promise<Order>(() => {}));
  const { updates, abort, unwatch } = follow(read);
  const seen = statuses(updates);
  await vi.waitUntil(() => read.mock.calls.length > 0);
  abort();
  expect(await seen).toEqual(['PENDING']);
  expect(unwatch).toHaveBeenCalledOnce();
});

it('ends for an order that is decided already, and stops for a consumer that has had enough', async () => {
  const decided = follow(async () => expired, expired);
  expect(await statuses(decided.updates)).toEqual(['EXPIRED']);
  expect(decided.unwatch).toHaveBeenCalledOnce();

  const left = follow(async () => pending);
  for await (const _ of left.updates) break;
  expect(left.unwatch).toHaveBeenCalledOnce();
});

it('ends when the order is no longer stored', async () => {
  expect(await statuses(follow(async () => undefined).updates)).toEqual(['PENDING']);
});

it('reads an order as often for 200 listeners as for one, and notifies all of them', async () => {
  async function readsFor(listeners: number) {
    const clock = createManualClock();
    const read = vi.fn(async () => pending);
    let notify = (_: Order) => {};
    const watch = vi.fn((_: string, listener: (order: Order) => void) => {
      notify = listener;
      return () => {};
    });
    const updates = createOrderUpdates({ outbox: { read, watch }, clock });
    const all = Array.from({ length: listeners }, () => statuses(updates(pending, new AbortController().signal)));
    await clock.advanceSlowly(20_000);
    notify(expired);
    for (const seen of await Promise.all(all)) expect(seen).toEqual(['PENDING', 'EXPIRED']);
    await clock.advanceSlowly(20_000);
    return [read.mock.calls.length, watch.mock.calls.length];
  }
  expect(await readsFor(200)).toEqual(await readsFor(1));
});
