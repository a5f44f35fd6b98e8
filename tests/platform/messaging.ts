import type { BrokerKind } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { beforeAll, describe, expect, test } from 'vitest';
import { get, post } from '../support/client.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { connectRedis, type Redis } from '../support/redis.ts';
import { shopSubscription, useShop } from '../support/shop.ts';

const DECIDED_WITHIN_MS = 120_000;

/** Places orders by message on one broker, while each process involved is killed in turn. */
export function orderByMessage(broker: BrokerKind): void {
  const fixture = usePlatform(() => ({ broker, resources: (resources) => [...resources, shopSubscription] }));
  const shop = useShop(fixture);

  let state: Redis;
  beforeAll(async () => {
    state = await connectRedis(fixture().platform.stores.state);
    return () => state.destroy();
  });

  async function documents(pattern: string) {
    const keys = await state.keys(pattern);
    return Promise.all(keys.map(async (key) => JSON.parse((await state.hGet(key, 'data')) ?? 'null')));
  }
  const ordersOf = async (ids: readonly string[]) =>
    (await documents('order||o:*')).filter(({ replyTo }) => ids.includes(replyTo?.correlationId));

  const listed = async () => (await documents('shop||order-requests:shop'))[0];

  const idsOf = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`);
  const buy = (id: string, order: object = GOOD_ORDER) => post(`${shop().url}/purchases`, { id, order });

  /** Sends purchases; each promise resolves with its outcome, or never if the shop dies. */
  const buyAll = (ids: readonly string[]) => Promise.allSettled(ids.map((id) => buy(id)));

  /** The final outcome of a purchase. The test repeats a purchase that the shop has not recorded, as a customer would. */
  async function outcomeOf(id: string) {
    const answer = await poll(
      `the outcome of ${id}`,
      async () => {
        const seen = await get(`${shop().url}/purchases/${id}`);
        if (seen.status === 404) await buy(id);
        return seen;
      },
      ({ status }) => status === 200,
      DECIDED_WITHIN_MS,
    );
    return answer.body;
  }

  test('an order that is placed by message gets its outcome by message', async () => {
    expect(await buy('good')).toMatchObject({ status: 200, body: { kind: 'settled', order: { status: 'VALIDATED' } } });
    const bad = { ...GOOD_ORDER, restaurantId: 'nowhere' };
    expect(await buy('bad', bad)).toMatchObject({
      status: 200,
      body: { kind: 'settled', order: { status: 'REJECTED' } },
    });
    await poll(
      'both receipts',
      () => ordersOf(['good', 'bad']),
      (orders) => orders.every(({ received }) => received),
    );
  });

  describe('every request gets one response in effect while this is killed:', () => {
    const processes = (...names: string[]) => ({
      kill: async () => void (await Promise.all(names.map((name) => fixture().platform.kill(name)))),
      start: async () => {
        for (const name of names) await fixture().platform.start(name);
      },
    });

    test.each([
      ['the client', { kill: () => shop().kill(), start: () => shop().start() }],
      ['every order service', processes('order-1', 'order-2')],
      ['the broker', processes(broker === 'kafka' ? 'kafka' : 'redis-broker')],
      ['the consumer service', processes('consumer-1')],
      ['the restaurant service', processes('restaurant-1')],
    ])('%s', async (who, victim) => {
      const ids = idsOf(who.replaceAll(' ', '-'), 20);
      // No order is decided before the kill.
      const other = who === 'the consumer service' ? 'restaurant-1' : 'consumer-1';
      await fixture().platform.pause(other);
      const buying = buyAll(ids);
      await poll(
        'some requests are known',
        async () => (await state.keys(`shop||order-request:shop:${ids[0]?.slice(0, -2)}*`)).length,
        (known) => known >= 5,
      );
      await victim.kill();
      await fixture().platform.resume(other);
      expect(Object.keys((await listed()).pending).length).toBeGreaterThan(0);
      await victim.start();
      const answers = await buying;

      const outcomes = await Promise.all(ids.map(outcomeOf));
      answers.forEach((answer, index) => {
        if (answer.status === 'fulfilled') expect(answer.value).toMatchObject({ status: 200, body: outcomes[index] });
      });
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ kind: 'settled', order: { status: 'VALIDATED' } });
      const orders = await poll(
        'every outcome is confirmed',
        () => ordersOf(ids),
        (found) => found.length >= ids.length && found.every(({ received }) => received),
        DECIDED_WITHIN_MS,
      );
      expect(orders.map(({ id }) => id).toSorted()).toEqual(outcomes.map(({ order }) => order.id).toSorted());
      await poll('no request is pending', listed, ({ pending }) => Object.keys(pending).length === 0);
    });
  });
}
