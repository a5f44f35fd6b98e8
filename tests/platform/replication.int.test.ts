import { poll } from '@standing-order/testing/poll';
import { describe, expect, onTestFinished, test } from 'vitest';
import { call, get, type HttpResponse, post } from '../support/client.ts';
import {
  answersOk,
  CONSUMER,
  GOOD_ORDER,
  type PlatformFixture,
  RESTAURANT,
  usePlatform,
} from '../support/platform-fixture.ts';
import { connectRedis } from '../support/redis.ts';

const BOUND_MS = 12_000;

const ordersOf = ({ platform }: PlatformFixture, replica = 0) => `${platform.urls.order[replica]}/orders`;
const restaurantOf = ({ platform }: PlatformFixture) => `${platform.urls.restaurant[0]}/restaurants/${RESTAURANT}`;
const consumerOf = ({ platform }: PlatformFixture) => `${platform.urls.consumer[0]}/consumers/${CONSUMER}`;

/** The state of a replica's local copies. */
async function replicas({ platform }: PlatformFixture, replica = 0): Promise<HttpResponse['body']> {
  return (await get(`${platform.urls.order[replica]}/replicas`)).body;
}

/** Waits until a replica decides on local copies with this many consumers and the restaurant. */
const loaded = (fixture: PlatformFixture, { replica = 0, consumers = 1 } = {}) =>
  poll(
    'the local copies are loaded',
    () => replicas(fixture, replica),
    ({ consumer, restaurant }) =>
      consumer.fresh && restaurant.fresh && consumer.entities === consumers && restaurant.entities === 1,
  );

const stale = (fixture: PlatformFixture) =>
  poll(
    'the local copies are stale',
    () => replicas(fixture),
    ({ consumer, restaurant }) => !(consumer.fresh && restaurant.fresh),
  );

const decided = (fixture: PlatformFixture, id: string): Promise<HttpResponse> =>
  poll(
    'the decision',
    () => get(`${ordersOf(fixture)}/${id}`),
    ({ body }) => body.status !== 'PENDING',
    60_000,
  );

/** Changes an entity at its current version. */
async function change(url: string, patch: unknown): Promise<void> {
  const { headers } = await get(url);
  const { status } = await call('PATCH', url, patch, { 'if-match': String(headers.etag) });
  expect(status).toBe(200);
}

const setPrice = (fixture: PlatformFixture, price: number) =>
  change(restaurantOf(fixture), { menu: [{ id: 'margherita', name: 'Margherita', price }] });

/** Pauses a process until it is resumed, at the latest at the end of the test. */
async function pause({ platform }: PlatformFixture, target: string): Promise<void> {
  await platform.pause(target);
  onTestFinished(async () => {
    if (platform.processes().some(({ name, state }) => name === target && state === 'paused'))
      await platform.resume(target);
  });
}

async function readyAgain({ platform }: PlatformFixture, ...processes: string[]): Promise<void> {
  await Promise.all(processes.map((target) => platform.start(target)));
  await platform.ready(60_000);
}

describe('orders that are decided on local copies', () => {
  const fixture = usePlatform(() => ({
    env: { order: { ORDER_STYLE: 'replication', REPLICA_STALENESS_MS: String(BOUND_MS) } },
  }));

  test('stay PENDING when the copy lacks the consumer, and the owner decides', async () => {
    await loaded(fixture());
    const unknown = await post(ordersOf(fixture()), { ...GOOD_ORDER, consumerId: 'nobody' });
    expect(unknown).toMatchObject({ status: 202, body: { status: 'PENDING' } });
    expect((await decided(fixture(), unknown.body.id)).body.reasons).toMatchObject([{ code: 'CONSUMER_NOT_FOUND' }]);
  });

  test('are never decided on prices that are older than the bound', async () => {
    const { changedAt, before, after } = await changeUnheard(fixture());
    const answers: { readonly ageMs: number; readonly status: number; readonly amount: number | undefined }[] = [];
    const place = async () => {
      const ageMs = performance.now() - changedAt;
      const { status, body } = await post(ordersOf(fixture()), GOOD_ORDER);
      const answer = { ageMs, status, amount: body.total?.amount };
      answers.push(answer);
      return answer;
    };
    await poll('an order past the bound', place, ({ ageMs }) => ageMs > BOUND_MS);
    await resumeUnreceived(fixture());
    await poll('the new price', place, ({ amount }) => amount === after);

    const decidedOn = (wanted: (ageMs: number) => boolean) =>
      new Set(answers.filter(({ ageMs, status }) => status === 201 && wanted(ageMs)).map(({ amount }) => amount));
    expect([before, after]).toEqual(expect.arrayContaining([...decidedOn((ageMs) => ageMs <= BOUND_MS)]));
    expect(decidedOn((ageMs) => ageMs > BOUND_MS)).toEqual(new Set([after]));
  });

  test('are decided on a new replica of the order service', async () => {
    const { platform } = fixture();
    await platform.stop('order-2');
    const created = Array.from({ length: 40 }, (_, n) =>
      post(`${platform.urls.consumer[0]}/consumers`, {
        id: `new-${n}`,
        name: `New ${n}`,
        orderLimit: { amount: 100_000, currency: 'EUR' },
      }),
    );
    for (const answer of await Promise.all(created)) expect(answer).toMatchObject({ status: 201 });
    await readyAgain(fixture(), 'order-2');
    await loaded(fixture(), { replica: 1, consumers: 41 });
    const placed = await post(ordersOf(fixture(), 1), { ...GOOD_ORDER, consumerId: 'new-7' });
    expect(placed).toMatchObject({ status: 201, body: { consumerId: 'new-7' } });

    const { body } = await call('GET', `${platform.urls.order[1]}/replicas`);
    const seen = body.consumer.sequences.reduce((sum: number, seq: number) => sum + seq, 0);
    expect(seen).toBe(41);
    const metrics = await fetch(`${platform.urls.order[1]}/metrics`, { signal: AbortSignal.timeout(10_000) });
    expect(await metrics.text()).toMatch(/^replica_staleness_seconds\{[^}]*owner="restaurant"[^}]*\} [\d.]+$/m);
  });

  test('use a change that was committed before its owner was killed', async () => {
    const { platform } = fixture();
    const redis = await connectRedis(platform.stores.state);
    onTestFinished(() => redis.destroy());
    const key = `consumer||c:${CONSUMER}`;
    const before = await redis.hGetAll(key);
    await change(consumerOf(fixture()), { name: 'Ada Lovelace' });
    const after = await get(consumerOf(fixture()));
    await platform.kill('consumer-1');
    await redis.hSet(key, before);

    await readyAgain(fixture(), 'consumer-1');
    await answersOk(consumerOf(fixture()));
    const repaired = await poll(
      'the change is in effect',
      () => get(consumerOf(fixture())),
      ({ headers }) => headers.etag === after.headers.etag,
    );
    expect(repaired.body).toEqual(after.body);
  });
});

/**
 * Pauses the event stream, changes the restaurant's price, and pauses the restaurant before any replica can pull the change.
 * Resolves to the response to an order right after it, the totals before and after, and when the change was acknowledged.
 */
async function changeUnheard(fixture: PlatformFixture) {
  const { platform } = fixture;
  await loaded(fixture);
  await pause(fixture, 'redis-broker');
  for (let price = 1_000; ; price += 50) {
    const earlier = await poll(
      'the copy is the restaurant’s',
      () => post(ordersOf(fixture), GOOD_ORDER),
      ({ status }) => status === 201,
    );
    await setPrice(fixture, price);
    const changedAt = performance.now();
    await pause(fixture, 'restaurant-1');
    const placed = await post(ordersOf(fixture), GOOD_ORDER);
    const before: number = earlier.body.total.amount;
    if (placed.body.total?.amount === before) return { placed, before, after: 2 * price, changedAt };
    await platform.resume('restaurant-1');
  }
}

async function resumeUnreceived({ platform }: PlatformFixture): Promise<void> {
  await Promise.all(['redis-broker', 'restaurant-1'].map((target) => platform.resume(target)));
}

describe('a price that changes while neither events nor pulls arrive', () => {
  describe('with the bound', () => {
    const fixture = usePlatform(() => ({
      replicas: { order: 1 },
      env: { order: { ORDER_STYLE: 'replication', REPLICA_STALENESS_MS: String(BOUND_MS) } },
    }));

    test('is used until the bound, then orders wait for the restaurant', async () => {
      const { placed, before, after } = await changeUnheard(fixture());
      expect(placed).toMatchObject({ status: 201, body: { total: { amount: before } } });
      await stale(fixture());
      const late = await post(ordersOf(fixture()), GOOD_ORDER);
      expect(late).toMatchObject({ status: 202, body: { status: 'PENDING' } });
      await resumeUnreceived(fixture());
      expect((await decided(fixture(), late.body.id)).body.total.amount).toBe(after);
    });
  });

  describe('without the bound', () => {
    const fixture = usePlatform(() => ({
      replicas: { order: 1 },
      env: { order: { ORDER_STYLE: 'replication', REPLICA_STALENESS_MS: '3600000' } },
    }));

    test('is used for as long as the outage lasts', async () => {
      const { placed, before, after } = await changeUnheard(fixture());
      expect(placed).toMatchObject({ status: 201, body: { total: { amount: before } } });
      await poll(
        'the copy is older than any reasonable bound',
        () => replicas(fixture()),
        ({ restaurant }) => restaurant.staleness > BOUND_MS / 1_000,
      );
      expect(await post(ordersOf(fixture()), GOOD_ORDER)).toMatchObject({
        status: 201,
        body: { total: { amount: before } },
      });
      await fixture().platform.resume('restaurant-1');
      await poll(
        'the new price',
        () => post(ordersOf(fixture()), GOOD_ORDER),
        ({ body }) => body.total?.amount === after,
      );
    });
  });
});
