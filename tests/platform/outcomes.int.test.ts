import { poll } from '@standing-order/testing/poll';
import { afterEach, describe, expect, test } from 'vitest';
import { get, post } from '../support/client.ts';
import { type Listener, listen as listenAt } from '../support/listener.ts';
import { answersOk, CONSUMER, GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';

const TAKEN_OVER_WITHIN_MS = 120_000;

const fixture = usePlatform(() => ({}));
const urls = () => fixture().platform.urls.order;

const listeners: Listener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
});
function listen(path: string, replicas = urls()): Listener {
  const listener = listenAt(replicas, path);
  listeners.push(listener);
  return listener;
}

const states = ({ heard }: Listener): string[] => heard.map(({ order }) => order.status);

async function place(replica = 0, request: object = GOOD_ORDER): Promise<string> {
  const { status, body } = await post(`${urls()[replica]}/orders`, request);
  expect(status).toBe(202);
  return body.id;
}

/** All pages of a consumer's orders at a replica; how many orders each page has. */
async function ordersOf(consumer: string, replica = 0) {
  const orders: { id: string; status: string }[] = [];
  const pages: number[] = [];
  let next: string | undefined = `/consumers/${consumer}/orders`;
  while (next !== undefined) {
    const { status, body } = await get(`${urls()[replica]}${next}`);
    expect(status).toBe(200);
    orders.push(...body.orders);
    pages.push(body.orders.length);
    next = body.next;
  }
  return { orders, pages };
}

/** Overwrites a value of the order service in its store. */
async function save(key: string, value: object): Promise<void> {
  const { sidecarUrls, secrets } = fixture().platform;
  const saved = await post(`${sidecarUrls.order[1]}/v1.0/state/state`, [{ key, value }], {
    'dapr-api-token': secrets.daprApiToken,
  });
  expect(saved.status).toBe(204);
}

/** Kills the consumer service while `work` runs: no order is decided meanwhile. */
async function withoutConsumer<T>(work: () => Promise<T>): Promise<T> {
  await fixture().platform.kill('consumer-1');
  try {
    return await work();
  } finally {
    await fixture().platform.start('consumer-1');
    await answersOk(`${fixture().platform.urls.consumer[0]}/readyz`);
  }
}

/** A replica with its sidecar; the sidecar alone would withhold replies from the other replica. */
const REPLICA = ['order-1', 'order-1-dapr'];
const killReplica = () => Promise.all(REPLICA.map((name) => fixture().platform.kill(name)));
async function startReplica(): Promise<void> {
  await Promise.all(REPLICA.map((name) => fixture().platform.start(name)));
  await answersOk(`${urls()[0]}/readyz`);
}

/** A listener that has received the PENDING event of a new order that stays undecided. */
async function listenToPending(): Promise<Listener> {
  const listener = listen(`/orders/${await place()}/events`);
  await poll(
    'the first state',
    () => states(listener),
    ([first]) => first === 'PENDING',
  );
  return listener;
}

const ended = (listener: Listener) => poll('the end', listener.closed, Boolean, TAKEN_OVER_WITHIN_MS);

describe('the events of an order', () => {
  test('are PENDING, then the outcome, and then the client does not reconnect', async () => {
    const listener = await withoutConsumer(listenToPending);
    await ended(listener);
    expect(states(listener)).toEqual(['PENDING', 'VALIDATED']);
    expect(listener.connections()).toBe(2);
  });

  test('continue at the other replica when theirs is killed, without a gap or a repeated event', async () => {
    const listener = await withoutConsumer(async () => {
      const listening = await listenToPending();
      await killReplica();
      await poll('another connection', listening.connections, (count) => count > 1);
      return listening;
    });
    await ended(listener);
    expect(states(listener)).toEqual(['PENDING', 'VALIDATED']);
    await startReplica();
  });

  test('are a 404 for an unknown order and a 400 for a malformed Last-Event-ID', async () => {
    const events = (order: string, headers = {}) => fetch(`${urls()[0]}/orders/${order}/events`, { headers });
    expect((await events('01890a5d-ac96-774b-bcce-b302099a8057')).status).toBe(404);
    const bad = await events(await place(), { 'last-event-id': 'yesterday' });
    expect([bad.status, bad.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
  });
});

describe("a consumer's orders", () => {
  /** Orders of an unknown consumer: they are refused. */
  const nobodys = (consumerId: string) => ({ ...GOOD_ORDER, consumerId });

  test('are listed page by page, the newest first, each of them once, wherever they were placed', async () => {
    const placed: string[] = [];
    for (let n = 0; n < 45; n++) placed.push(await place(n % 2, nobodys('pat')));
    for (const replica of [0, 1]) {
      const { orders, pages } = await poll(
        'all orders in the list',
        () => ordersOf('pat', replica),
        (seen) => seen.orders.length >= placed.length,
      );
      expect(orders.map(({ id }) => id).toSorted()).toEqual(placed.toSorted());
      expect(pages).toEqual([20, 20, 5]);
    }
    const last = await place(0, nobodys('pat'));
    await poll(
      'the newest one in front',
      () => ordersOf('pat', 1),
      ({ orders }) => orders[0]?.id === last,
    );
  });

  test('are listed while they are undecided', async () => {
    await withoutConsumer(async () => {
      const id = await place();
      const { orders } = await poll(
        'the order in the list',
        () => ordersOf(CONSUMER, 1),
        (seen) => seen.orders.some((order) => order.id === id),
      );
      expect(orders.find((order) => order.id === id)).toMatchObject({ status: 'PENDING' });
    });
  });

  test('are streamed when they are placed and decided, also across a cut connection', async () => {
    const listener = listen('/consumers/sam/orders/events');
    const decisions = (ids: readonly string[]) =>
      poll(
        'every decision',
        () => new Set(listener.heard.filter(({ order }) => order.status === 'REJECTED').map(({ order }) => order.id)),
        (seen) => ids.every((id) => seen.has(id)),
        TAKEN_OVER_WITHIN_MS,
      );
    const first = [await place(0, nobodys('sam')), await place(1, nobodys('sam'))];
    await decisions(first);

    const cut = await withoutConsumer(async () => {
      const ids = [await place(0, nobodys('sam')), await place(1, nobodys('sam'))];
      await poll(
        'the new ones',
        () => listener.heard.map(({ order }) => order.id),
        (seen) => ids.every((id) => seen.includes(id)),
      );
      await killReplica();
      await poll('another connection', listener.connections, (count) => count > 1);
      return [...ids, await place(1, nobodys('sam'))];
    });
    await decisions([...first, ...cut]);
    expect(Number(listener.heard.at(-1)?.id)).toBe(5);
    expect(listener.closed()).toBe(false);
    await startReplica();
  });

  test('that a replica could not list before it was killed are listed by the other one', async () => {
    // A list of a newer version is left unchanged, as in a rolling upgrade; an older replica retries later.
    await save('ci:kim', { v: 99 });
    const ids = [await place(0, nobodys('kim')), await place(0, nobodys('kim'))];
    await fixture().allDecided();
    await killReplica();
    await save('ci:kim', { v: 1, first: 1, entries: [] });
    const { orders } = await poll(
      'both in the list',
      () => ordersOf('kim', 1),
      (seen) => seen.orders.length >= ids.length,
      TAKEN_OVER_WITHIN_MS,
    );
    expect(orders.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    await startReplica();
  });
});
