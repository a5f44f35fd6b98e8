import { waitUntil } from '@standing-order/testing/wait-until';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, call, get, post } from '../support/client.ts';
import { connectRedis } from '../support/redis.ts';
import { answersOk, CONSUMER, GOOD_ORDER, RESTAURANT, useWorld, type World } from '../support/world.ts';

const BOUND_MS = 12_000;

const ordersOf = ({ platform }: World, replica = 0) => `${platform.urls.order[replica]}/orders`;
const restaurantOf = ({ platform }: World) => `${platform.urls.restaurant[0]}/restaurants/${RESTAURANT}`;
const consumerOf = ({ platform }: World) => `${platform.urls.consumer[0]}/consumers/${CONSUMER}`;

/** What an order replica says of its copies. */
async function replicas({ platform }: World, replica = 0): Promise<Answer['body']> {
  return (await get(`${platform.urls.order[replica]}/replicas`)).body;
}

/** Waits until an order replica decides on copies that hold this many consumers and the restaurant. */
const loaded = (world: World, { replica = 0, consumers = 1 } = {}) =>
  waitUntil(
    'the replica is loaded',
    () => replicas(world, replica),
    ({ consumer, restaurant }) =>
      consumer.fresh && restaurant.fresh && consumer.entities === consumers && restaurant.entities === 1,
  );

const stale = (world: World) =>
  waitUntil(
    'the replica is stale',
    () => replicas(world),
    ({ consumer, restaurant }) => !(consumer.fresh && restaurant.fresh),
  );

const decided = (world: World, id: string): Promise<Answer> =>
  waitUntil(
    'the verdict',
    () => get(`${ordersOf(world)}/${id}`),
    ({ body }) => body.status !== 'PENDING',
    60_000,
  );

/** Changes an entity, whatever its version. */
async function change(url: string, patch: unknown): Promise<void> {
  const { headers } = await get(url);
  const { status } = await call('PATCH', url, patch, { 'if-match': String(headers.etag) });
  expect(status).toBe(200);
}

const setPrice = (world: World, price: number) =>
  change(restaurantOf(world), { menu: [{ id: 'margherita', name: 'Margherita', price }] });

/** Freezes a part until it is thawed, at the end of the test at the latest. */
async function freeze({ platform }: World, part: string): Promise<void> {
  await platform.freeze(part);
  onTestFinished(async () => {
    if (platform.parts().some(({ name, state }) => name === part && state === 'frozen')) await platform.thaw(part);
  });
}

async function readyAgain({ platform }: World, ...parts: string[]): Promise<void> {
  await Promise.all(parts.map((part) => platform.start(part)));
  await platform.ready(60_000);
}

describe('orders that are decided on replicas', () => {
  const world = useWorld(() => ({
    env: { order: { ORDER_STYLE: 'replication', REPLICA_STALENESS_MS: String(BOUND_MS) } },
  }));

  test('are taken undecided when their consumer is not known here, and their owner decides', async () => {
    await loaded(world());
    const unknown = await post(ordersOf(world()), { ...GOOD_ORDER, consumerId: 'nobody' });
    expect(unknown).toMatchObject({ status: 202, body: { status: 'PENDING' } });
    expect((await decided(world(), unknown.body.id)).body.reasons).toMatchObject([{ code: 'CONSUMER_NOT_FOUND' }]);
  });

  test('are never decided on prices that were changed longer ago than the bound', async () => {
    const { changedAt, before, after } = await changeUnheard(world());
    const answers: { readonly ageMs: number; readonly status: number; readonly amount: number | undefined }[] = [];
    const place = async () => {
      const ageMs = performance.now() - changedAt;
      const { status, body } = await post(ordersOf(world()), GOOD_ORDER);
      const answer = { ageMs, status, amount: body.total?.amount };
      answers.push(answer);
      return answer;
    };
    await waitUntil('an order past the bound', place, ({ ageMs }) => ageMs > BOUND_MS);
    await thawUnheard(world());
    await waitUntil('the new price', place, ({ amount }) => amount === after);

    const decidedOn = (wanted: (ageMs: number) => boolean) =>
      new Set(answers.filter(({ ageMs, status }) => status === 201 && wanted(ageMs)).map(({ amount }) => amount));
    expect([before, after]).toEqual(expect.arrayContaining([...decidedOn((ageMs) => ageMs <= BOUND_MS)]));
    expect(decidedOn((ageMs) => ageMs > BOUND_MS)).toEqual(new Set([after]));
  });

  test('find what they need on a replica of the order service that is new', async () => {
    const { platform } = world();
    await platform.stop('order-2');
    const created = Array.from({ length: 40 }, (_, n) =>
      post(`${platform.urls.consumer[0]}/consumers`, {
        id: `new-${n}`,
        name: `New ${n}`,
        orderLimit: { amount: 100_000, currency: 'EUR' },
      }),
    );
    for (const answer of await Promise.all(created)) expect(answer).toMatchObject({ status: 201 });
    await readyAgain(world(), 'order-2');
    await loaded(world(), { replica: 1, consumers: 41 });
    const placed = await post(ordersOf(world(), 1), { ...GOOD_ORDER, consumerId: 'new-7' });
    expect(placed).toMatchObject({ status: 201, body: { consumerId: 'new-7' } });

    const { body } = await call('GET', `${platform.urls.order[1]}/replicas`);
    const seen = body.consumer.sequences.reduce((sum: number, seq: number) => sum + seq, 0);
    expect(seen).toBe(41);
    const metrics = await fetch(`${platform.urls.order[1]}/metrics`, { signal: AbortSignal.timeout(10_000) });
    expect(await metrics.text()).toMatch(/^replica_staleness_seconds\{[^}]*owner="restaurant"[^}]*\} [\d.]+$/m);
  });

  test('rest on a change that its owner committed and died before it was in effect', async () => {
    const { platform } = world();
    const redis = await connectRedis(platform.stores.state);
    onTestFinished(() => redis.destroy());
    const key = `consumer||c:${CONSUMER}`;
    const before = await redis.hGetAll(key);
    await change(consumerOf(world()), { name: 'Ada Lovelace' });
    const after = await get(consumerOf(world()));
    await platform.kill('consumer-1');
    await redis.hSet(key, before);

    await readyAgain(world(), 'consumer-1');
    await answersOk(consumerOf(world()));
    const repaired = await waitUntil(
      'the change is in effect',
      () => get(consumerOf(world())),
      ({ headers }) => headers.etag === after.headers.etag,
    );
    expect(repaired.body).toEqual(after.body);
  });
});

/**
 * The event stream is frozen, the restaurant changes its price and is frozen itself before anybody can pull the new one.
 * Answers what an order right after it was told, the totals before and after, and when the change was acknowledged.
 */
async function changeUnheard(world: World) {
  const { platform } = world;
  await loaded(world);
  await freeze(world, 'redis-broker');
  for (let price = 1_000; ; price += 50) {
    const earlier = await waitUntil(
      'the copy is the restaurant’s',
      () => post(ordersOf(world), GOOD_ORDER),
      ({ status }) => status === 201,
    );
    await setPrice(world, price);
    const changedAt = performance.now();
    await freeze(world, 'restaurant-1');
    const placed = await post(ordersOf(world), GOOD_ORDER);
    const before: number = earlier.body.total.amount;
    if (placed.body.total?.amount === before) return { placed, before, after: 2 * price, changedAt };
    await platform.thaw('restaurant-1');
  }
}

async function thawUnheard({ platform }: World): Promise<void> {
  await Promise.all(['redis-broker', 'restaurant-1'].map((part) => platform.thaw(part)));
}

describe('a price that is changed while neither events nor pulls come through', () => {
  describe('with the bound', () => {
    const world = useWorld(() => ({
      replicas: { order: 1 },
      env: { order: { ORDER_STYLE: 'replication', REPLICA_STALENESS_MS: String(BOUND_MS) } },
    }));

    test('is decided on for a while, then orders wait for the restaurant', async () => {
      const { placed, before, after } = await changeUnheard(world());
      expect(placed).toMatchObject({ status: 201, body: { total: { amount: before } } });
      await stale(world());
      const late = await post(ordersOf(world()), GOOD_ORDER);
      expect(late).toMatchObject({ status: 202, body: { status: 'PENDING' } });
      await thawUnheard(world());
      expect((await decided(world(), late.body.id)).body.total.amount).toBe(after);
    });
  });

  describe('without the bound', () => {
    const world = useWorld(() => ({
      replicas: { order: 1 },
      env: { order: { ORDER_STYLE: 'replication', REPLICA_STALENESS_MS: '3600000' } },
    }));

    test('is decided on for as long as that lasts', async () => {
      const { placed, before, after } = await changeUnheard(world());
      expect(placed).toMatchObject({ status: 201, body: { total: { amount: before } } });
      await waitUntil(
        'the copy is older than any reasonable bound',
        () => replicas(world()),
        ({ restaurant }) => restaurant.staleness > BOUND_MS / 1_000,
      );
      expect(await post(ordersOf(world()), GOOD_ORDER)).toMatchObject({
        status: 201,
        body: { total: { amount: before } },
      });
      await world().platform.thaw('restaurant-1');
      await waitUntil(
        'the new price',
        () => post(ordersOf(world()), GOOD_ORDER),
        ({ body }) => body.total?.amount === after,
      );
    });
  });
});
