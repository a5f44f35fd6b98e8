// @module-tag postgres

import { poll } from '@standing-order/testing/poll';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { get, getMetrics, type HttpResponse, post } from '../support/client.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { connectRedis } from '../support/redis.ts';

/** Makes the database refuse every document with a quantity of seven. */
const REFUSE_SEVEN = `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
  CREATE TRIGGER refuse BEFORE INSERT ON state FOR EACH ROW
    WHEN (convert_from(NEW.value, 'UTF8') LIKE '%"quantity":7%') EXECUTE FUNCTION refuse()`;

const REFUSES_WRITES = /accepts no writes/;

describe.each([
  ['redis', 'redis-state'],
  ['postgresql', 'postgresql'],
] as const)('with state in %s', (store, storeProcess) => {
  const fixture = usePlatform(() => ({ store, env: { order: { ACCEPT_DEADLINE_MS: '2000' } } }));
  const order = () => fixture().platform.urls.order[0];

  test('a killed state store: 503 with Retry-After, no half-written order, and orders are accepted after its restart', async () => {
    await fixture().platform.kill(storeProcess);
    const answers = await fixture().place(20);
    for (const { status, headers, body } of answers) {
      expect(status).toBe(503);
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(body.status).toBe(503);
    }

    await fixture().platform.start(storeProcess);
    await poll(
      'orders are acknowledged again',
      async () => {
        const again = await fixture().place(1, { replicas: [0] });
        answers.push(...again);
        return again;
      },
      ([answer]) => answer?.status === 202,
      60_000,
    );
    // A refused order that was written is complete: the outbox names it, so it is decided.
    await fixture().allDecided();
    const unacknowledged = (await fixture().state.orders()).size - fixture().acknowledged.size;
    expect(unacknowledged).toBeLessThanOrEqual(answers.filter(isUnknown).length);
  });

  test('a paused state store: 503 outcome unknown with Location, and the order there later', async () => {
    await fixture().platform.pause(storeProcess);
    const answer = await post(`${order()}/orders`, GOOD_ORDER);
    expect(isUnknown(answer)).toBe(true);
    expect(answer.headers.location).toMatch(/^\/orders\/[0-9a-f-]{36}$/);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);

    await fixture().platform.resume(storeProcess);
    await poll(
      'the order at its Location',
      () => get(`${order()}${answer.headers.location}`),
      ({ status, body }) => status === 200 && body.status === 'VALIDATED',
      60_000,
    );
  });

  if (store === 'redis')
    test('a full state store is answered for at once and reported by /readyz, and orders are accepted when it has room', async () => {
      const database = await connectRedis(fixture().platform.stores.state);
      const place = (): Promise<HttpResponse> => post(`${order()}/orders`, GOOD_ORDER);
      try {
        await database.configSet('maxmemory', '1mb');
        // The deadline of a request is two seconds. Requests wait for it until the outbox has detected the full store.
        const refused = await poll(
          'a refusal without a wait',
          place,
          ({ body }) => REFUSES_WRITES.test(body.detail),
          60_000,
        );
        expect(refused).toMatchObject({ status: 503, body: { type: expect.stringContaining('unavailable') } });
        expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
        expect(await get(`${order()}/readyz`)).toMatchObject({
          status: 200,
          body: { status: 'ready', reasons: [expect.stringMatching(REFUSES_WRITES)] },
        });
        const metrics = await getMetrics(order());
        expect(metrics).toMatch(/^outbox_store_refuses_writes 1$/m);
      } finally {
        await database.configSet('maxmemory', '0');
        database.destroy();
      }
      await poll('an accepted order', place, ({ status }) => status === 202, 60_000);
      expect(await get(`${order()}/readyz`)).toMatchObject({ status: 200, body: { reasons: [] } });
      await poll(
        'all orders are decided',
        async () => [...(await fixture().state.orders()).values()],
        (orders) => orders.every(({ status }) => status !== 'PENDING'),
        60_000,
      );
    });

  if (store === 'postgresql')
    test('an order that the store refuses delays no other order, and is stored once the store accepts it', async () => {
      const orders = `${order()}/orders`;
      const seven = { ...GOOD_ORDER, lines: [{ itemId: 'margherita', quantity: 7 }] };
      const key = { 'idempotency-key': 'seven' };
      const database = new pg.Client({ connectionString: fixture().platform.stores.state });
      await database.connect();
      try {
        await database.query(REFUSE_SEVEN);
        const [refused, ...others] = await Promise.all([
          post(orders, seven, key),
          ...Array.from({ length: 30 }, () => post(orders, GOOD_ORDER)),
        ]);
        expect(isUnknown(refused as HttpResponse)).toBe(true);
        expect(others.map(({ status }) => status)).toEqual(others.map(() => 202));
        await database.query('DROP TRIGGER refuse ON state');
        expect(await post(orders, seven, key)).toMatchObject({
          status: 202,
          headers: { location: refused?.headers.location },
        });
        await fixture().allDecided();
      } finally {
        await database.end();
      }
    });
});

/** True for a 503 that leaves open whether the order is stored. */
function isUnknown({ status, body }: HttpResponse): boolean {
  return status === 503 && body.type.endsWith('outcome-unknown');
}
