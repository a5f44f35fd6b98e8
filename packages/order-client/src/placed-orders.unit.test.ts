import { messageSchema, TOPICS } from '@standing-order/contracts';
import { systemClock } from '@standing-order/service-kit/runtime';
import { createManualClock } from '@standing-order/testing/manual-clock';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, it, vi } from 'vitest';
import { event, listIn, order, orderId, settled, start, token, view } from '../test/client-fixture.ts';
import { FullError } from './pending-list.ts';
import { IdReusedError } from './requests.ts';

describe('a placed order', () => {
  it('is stored, sent as a CreateOrder message, and resolves with its outcome, which is confirmed', async () => {
    const { client, deliver, requests, placed, sentTo } = start(createMemoryStore());
    const outcome = client.place(order, 'one');
    await placed(1);
    expect(messageSchema(TOPICS['order-requests'].types).parse(requests()[0])).toMatchObject({
      subject: 'one',
      data: { correlationId: 'one', replyTo: 'shop', request: order },
    });
    expect(await deliver(settled('one'))).toEqual(['SUCCESS']);
    expect(await outcome).toEqual({ kind: 'settled', order: view });
    expect(messageSchema(TOPICS['order-confirmations'].types).parse(sentTo('order-confirmations')[0])).toMatchObject({
      type: 'com.standing-order.outcome-received.v1',
      data: { orderId, token },
    });
  });

  it('keeps its first outcome when the outcome is redelivered or differs', async () => {
    const { client, deliver, placed, sentTo } = start(createMemoryStore());
    const outcome = client.place(order, 'one');
    await placed(1);
    await deliver(settled('one'), settled('one', 'VALIDATED'));
    await deliver(settled('one', 'VALIDATED'));
    expect(await outcome).toEqual({ kind: 'settled', order: view });
    expect(await client.outcome('one')).toEqual({ kind: 'settled', order: view });
    expect(sentTo('order-confirmations')).toHaveLength(3);
  });

  it('does not count as pending when it is placed again after its outcome', async () => {
    const { client, deliver, placed } = start(createMemoryStore(), { maxPending: 1 });
    const outcome = client.place(order, 'one');
    await placed(1);
    await deliver(settled('one'));
    await outcome;
    expect(await client.place(order, 'one')).toEqual({ kind: 'settled', order: view });
    client.place(order, 'two').catch(() => undefined);
    await placed(2);
  });

  it('resolves with the reasons of a refusal', async () => {
    const { client, deliver, placed, sentTo } = start(createMemoryStore());
    const outcome = client.place(order, 'one');
    await placed(1);
    const refusal = { detail: 'no', errors: [{ field: 'request', detail: 'no' }] };
    await deliver(event('com.standing-order.order-request-refused.v1', { correlationId: 'one', ...refusal }));
    expect(await outcome).toEqual({ kind: 'refused', ...refusal });
    expect(sentTo('order-confirmations')).toEqual([]);
  });

  it('is resent with backoff until its outcome is stored', async () => {
    const clock = createManualClock();
    const { client, deliver, requests, placed } = start(createMemoryStore(), { clock });
    const outcome = client.place(order, 'one');
    await placed(1);
    let polls = 0;
    while (requests().length < 4) {
      clock.advance(1_000);
      polls++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(polls).toBeGreaterThanOrEqual(2 + 4 + 8);
    expect(new Set(requests().map(({ id }) => id)).size).toBe(4);
    await deliver(settled('one'));
    await outcome;
    clock.advance(60_000);
    expect(requests()).toHaveLength(4);
  });

  it('resolves when another replica has received the outcome', async () => {
    const store = createMemoryStore();
    const clock = createManualClock();
    const [here, there] = [start(store, { clock }), start(store)];
    const outcome = here.client.place(order, 'one');
    await here.placed(1);
    await there.deliver(settled('one'));
    clock.advance(1_000);
    expect(await outcome).toEqual({ kind: 'settled', order: view });
  });

  it('is one request per id, and an id cannot be reused for another order', async () => {
    const { client, deliver, requests, placed } = start(createMemoryStore(), { maxPending: 2 });
    const outcomes = [client.place(order, 'one'), client.place(order, 'one')];
    for (const outcome of outcomes) outcome.catch(() => {});
    await placed(1);
    const other = { ...order, consumerId: 'bob' };
    await expect(client.place(other, 'one')).rejects.toThrow(IdReusedError);
    expect(requests()).toHaveLength(1);
    await deliver(settled('one'));
    await Promise.all(outcomes);
    await expect(client.place(other, 'one')).rejects.toThrow(IdReusedError);
    for (const id of ['two', 'three']) client.place(order, id).catch(() => {});
    await placed(3);
  });

  it('is sent if it turns out to be stored, and otherwise leaves the pending list', async () => {
    const store = createMemoryStore();
    const { client, clock, deliver, requests } = start(store, { maxPending: 2 });
    const { insert } = store;
    store.insert = async (key, value) => {
      if (key.endsWith(':stored')) await insert(key, value);
      return key.startsWith('order-request:') ? 'unknown' : insert(key, value);
    };
    store.get = async (key) => (key.startsWith('order-request:') ? undefined : store.entries.get(key));
    for (const id of ['stored', 'lost']) await expect(client.place(order, id)).rejects.toThrow('not confirmed');
    await expect(client.place(order, 'third')).rejects.toThrow(FullError);
    store.insert = insert;
    const advanceUntil = (done: () => boolean) =>
      vi.waitUntil(
        () => {
          clock.advance(1_000);
          return done();
        },
        { interval: 1, timeout: 5_000 },
      );
    await advanceUntil(() => requests().length > 0);
    expect(requests()[0]?.subject).toBe('stored');
    await advanceUntil(() => Object.keys(listIn(store)).length === 1);
    await deliver(settled('stored'));
    expect(listIn(store)).toEqual({});
  });

  it('is not sent if it is invalid or could not be stored', async () => {
    const store = createMemoryStore();
    const { client, requests } = start(store, {
      clock: systemClock as ReturnType<typeof createManualClock>,
      maxPending: 1,
    });
    await expect(client.place(order, 'a b')).rejects.toThrow(/letters, digits/);
    await expect(client.place({ ...order, lines: [] }, 'one')).rejects.toThrow(/lines/);
    store.down = true;
    await expect(client.place(order, 'one')).rejects.toThrow('down');
    store.down = false;
    expect([requests(), store.entries.size]).toEqual([[], 0]);
    client.place(order, 'one').catch(() => {});
    await expect(client.place(order, 'two')).rejects.toThrow(FullError);
  });
});
