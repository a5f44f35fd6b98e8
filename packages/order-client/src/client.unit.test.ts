import { messageSchema, orderRequest, orderView, TOPICS } from '@standing-order/contracts';
import { createEvent, type Publication, type StateStore } from '@standing-order/dapr';
import { createApp } from '@standing-order/service-kit/http';
import { systemClock } from '@standing-order/service-kit/runtime';
import { createManualClock } from '@standing-order/testing/manual-clock';
import { createMemoryStore, type MemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createOrderClient } from './client.ts';
import { FullError } from './pending-list.ts';
import { ClosedError } from './request-sender.ts';
import { IdReusedError, UnknownRequestError } from './requests.ts';

const order = orderRequest.parse({
  consumerId: 'ada',
  restaurantId: 'trattoria',
  lines: [{ itemId: 'pizza', quantity: 2 }],
});
const orderId = '01890a5d-ac96-774b-bcce-000000000001';
const token = { w: 'w', a: 1, t: 1 };
const view = orderView.parse({
  ...order,
  id: orderId,
  status: 'EXPIRED',
  createdAt: '2026-01-01T00:00:00Z',
  settledAt: '2026-01-01T00:00:01Z',
  reasons: [],
});

/** The entries of the pending list. */
function listIn(store: MemoryStore): object {
  const list = store.entries.get('order-requests:shop')?.value as { readonly pending: object };
  return list.pending;
}

/** One process of the client. */
function start(
  store: StateStore,
  { clock = createManualClock(), maxPending = 1_000, takes = (_: Publication): boolean => true } = {},
) {
  const sent: { topic: string; event: Publication['event'] }[] = [];
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  const sidecar = {
    async publish(_pubsub: string, topic: string, messages: readonly Publication[]) {
      sent.push(...messages.map(({ event }) => ({ topic, event })));
      return messages.map(takes);
    },
  };
  const client = createOrderClient({ name: 'shop', app, sidecar, store, maxPending, clock });
  onTestFinished(() => client.close());

  async function deliver(...events: object[]) {
    const response = await app.request('/messages/order-outcomes-shop', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        type: 'com.dapr.event.sent.bulk',
        entries: events.map((event, index) => ({ entryId: String(index), event })),
      }),
    });
    const { statuses } = (await response.json()) as { statuses: { status: string }[] };
    return statuses.map(({ status }) => status);
  }
  const sentTo = (topic: string) => sent.filter((message) => message.topic === topic).map(({ event }) => event);
  const requests = () => sentTo('order-requests');
  const placed = (count: number) => vi.waitUntil(() => requests().length === count);
  return { client, clock, deliver, sentTo, requests, placed };
}

/** Lets the poll of a second take place. */
async function pollAgain(clock: ReturnType<typeof createManualClock>): Promise<void> {
  clock.advance(1_000);
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
}

const event = (type: string, data: object, id = 'm1') =>
  createEvent({ id, source: '/order', type, subject: 's', time: 0, trace: undefined, data });
const settled = (correlationId: string, status: 'EXPIRED' | 'VALIDATED' = 'EXPIRED') =>
  event('com.standing-order.order-outcome.v1', { orderId, token, correlationId, order: { ...view, status } });

describe('a submitted order', () => {
  it('is stored when its id is returned, and is sent until its outcome arrives', async () => {
    const store = createMemoryStore();
    const { client, clock, deliver, requests } = start(store);
    expect(await client.submit(order, 'one')).toBe('one');
    expect(store.entries.get('order-request:shop:one')?.value).toMatchObject({ id: 'one', order });
    expect(requests()).toHaveLength(1);
    await vi.waitUntil(() => {
      clock.advance(1_000);
      return requests().length > 1;
    });
    await deliver(settled('one'));
    expect(await client.outcome('one')).toMatchObject({ kind: 'settled' });
  });

  it('is sent within two seconds after the broker returns, however long the broker refused it', async () => {
    let isUp = false;
    const takes = () => isUp;
    const { client, clock, requests } = start(createMemoryStore(), { takes });
    await client.submit(order, 'one');
    for (let seconds = 0; seconds < 60; seconds++) await pollAgain(clock);
    isUp = true;
    const refused = requests().length;
    await pollAgain(clock);
    await pollAgain(clock);
    expect(requests().length).toBeGreaterThan(refused);
  });

  it('is sent in a small batch with others while the broker refuses all of them, and then with all', async () => {
    let isUp = false;
    const takes = () => isUp;
    const { client, clock, requests } = start(createMemoryStore(), { takes });
    const ids = Array.from({ length: 200 }, (_, i) => `r${i}`);
    await Promise.all(ids.map((id) => client.submit(order, id)));
    const submitted = requests().length;
    await pollAgain(clock);
    expect(requests().length - submitted).toBe(64);
    isUp = true;
    const refused = requests().length;
    await pollAgain(clock);
    expect(
      new Set(
        requests()
          .slice(refused)
          .map(({ subject }) => subject),
      ).size,
    ).toBe(200);
  });

  it('is not accepted while the state store does not confirm it', async () => {
    const store = createMemoryStore();
    store.down = true;
    await expect(start(store).client.submit(order, 'one')).rejects.toThrow();
  });
});

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

describe('an outcome', () => {
  it('is redelivered when it could not be stored or confirmed', async () => {
    const store = createMemoryStore();
    const { client, deliver, placed } = start(store, { takes: ({ event }) => !event.type.includes('received') });
    const outcome = client.place(order, 'one');
    await placed(1);
    store.down = true;
    expect(await deliver(settled('one'))).toEqual(['RETRY']);
    store.down = false;
    expect(await deliver(settled('one'))).toEqual(['RETRY']);
    expect(await outcome).toEqual({ kind: 'settled', order: view });
  });

  it('of a removed request is confirmed, so that it is not redelivered forever', async () => {
    const { client, deliver, placed, sentTo } = start(createMemoryStore());
    client.place(order, 'one').catch(() => {});
    await placed(1);
    expect(await client.remove('one')).toBe(true);
    expect(await deliver(settled('one'))).toEqual(['SUCCESS']);
    expect(sentTo('order-confirmations')).toHaveLength(1);
    await expect(client.outcome('one')).rejects.toThrow(UnknownRequestError);
  });
});

it('publishes an unreadable message to the dead-letter topic, within the size limit of a broker', async () => {
  const { deliver, sentTo } = start(createMemoryStore());
  const refusal = { correlationId: 'one', detail: 'no', errors: Array.from({ length: 12_000 }, () => ({})) };
  expect(await deliver(event('com.standing-order.order-request-refused.v1', refusal))).toEqual(['SUCCESS']);
  expect(JSON.stringify(sentTo('order-outcomes-shop-dead')[0]).length).toBeLessThan(200_000);
});

describe('a request that is removed before its outcome', () => {
  it('is no longer sent or pending, and its callers get an UnknownRequestError, on each replica', async () => {
    const store = createMemoryStore();
    const [here, there] = [start(store), start(store)];
    const waiting = here.client.place(order, 'one');
    await here.placed(1);
    const elsewhere = there.client.outcome('one');
    await there.placed(1);
    const rejections = [waiting, elsewhere].map((each) => expect(each).rejects.toThrow(UnknownRequestError));
    expect(await here.client.remove('one')).toBe(true);
    expect(listIn(store)).toEqual({});
    there.clock.advance(1_000);
    await Promise.all(rejections);
    for (const { clock, requests } of [here, there]) {
      clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
      expect(requests()).toHaveLength(1);
    }
  });
});

describe('a restart', () => {
  it('resends pending requests and keeps outcomes that arrived before it', async () => {
    const store = createMemoryStore();
    const before = start(store);
    const outcomes = ['one', 'two'].map((id) => before.client.place(order, id));
    await before.placed(2);
    await before.deliver(settled('two'));
    before.client.close();
    await expect(outcomes[0]).rejects.toThrow(ClosedError);

    const after = start(store);
    expect(await after.client.resume()).toEqual(['one']);
    await after.placed(1);
    const outcome = after.client.outcome('one');
    await after.deliver(settled('one'));
    expect(await outcome).toEqual({ kind: 'settled', order: view });
    expect(await after.client.outcome('two')).toEqual({ kind: 'settled', order: view });
    expect(await start(store).client.resume()).toEqual([]);
  });
});
