import { waitUntil } from '@standing-order/testing/wait-until';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type Answer, get, post } from '../support/client.ts';
import { GOOD_ORDER, useWorld } from '../support/world.ts';

/** From now on the database refuses whatever has seven of something in it. */
const REFUSE_SEVEN = `
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
  CREATE TRIGGER refuse BEFORE INSERT ON state FOR EACH ROW
    WHEN (convert_from(NEW.value, 'UTF8') LIKE '%"quantity":7%') EXECUTE FUNCTION refuse()`;

describe.each([
  ['redis', 'redis-state'],
  ['postgresql', 'postgresql'],
] as const)('with state in %s', (store, part) => {
  const world = useWorld(() => ({ store, env: { order: { ACCEPT_DEADLINE_MS: '2000' } } }));
  const order = () => world().platform.urls.order[0];

  test('a dead state store: 503 with Retry-After, nothing half-written, accepted again when it is back', async () => {
    await world().platform.kill(part);
    const answers = await world().place(20);
    for (const { status, headers, body } of answers) {
      expect(status).toBe(503);
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(body.status).toBe(503);
    }

    await world().platform.start(part);
    await waitUntil(
      'orders are taken again',
      async () => {
        const again = await world().place(1, { replicas: [0] });
        answers.push(...again);
        return again;
      },
      ([answer]) => answer?.status === 202,
      60_000,
    );
    // What was written of the refused ones is whole: the order is in an outbox, so it is decided.
    await world().allDecided();
    const unacknowledged = (await world().state.orders()).size - world().acknowledged.size;
    expect(unacknowledged).toBeLessThanOrEqual(answers.filter(isUnknown).length);
  });

  test('a frozen state store: 503 outcome unknown with Location, and the truth there later', async () => {
    await world().platform.freeze(part);
    const answer = await post(`${order()}/orders`, GOOD_ORDER);
    expect(isUnknown(answer)).toBe(true);
    expect(answer.headers.location).toMatch(/^\/orders\/[0-9a-f-]{36}$/);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);

    await world().platform.thaw(part);
    await waitUntil(
      'the order at its Location',
      () => get(`${order()}${answer.headers.location}`),
      ({ status, body }) => status === 200 && body.status === 'VALIDATED',
      60_000,
    );
  });

  if (store === 'postgresql')
    test('an order that it never takes holds up no other one, and is taken once it can be', async () => {
      const orders = `${order()}/orders`;
      const seven = { ...GOOD_ORDER, lines: [{ itemId: 'margherita', quantity: 7 }] };
      const key = { 'idempotency-key': 'seven' };
      const database = new pg.Client({ connectionString: world().platform.stores.state });
      await database.connect();
      try {
        await database.query(REFUSE_SEVEN);
        const [refused, ...others] = await Promise.all([
          post(orders, seven, key),
          ...Array.from({ length: 30 }, () => post(orders, GOOD_ORDER)),
        ]);
        expect(isUnknown(refused as Answer)).toBe(true);
        expect(others.map(({ status }) => status)).toEqual(others.map(() => 202));
        await database.query('DROP TRIGGER refuse ON state');
        expect(await post(orders, seven, key)).toMatchObject({
          status: 202,
          headers: { location: refused?.headers.location },
        });
        await world().allDecided();
      } finally {
        await database.end();
      }
    });
});

/** Refused without saying that nothing was stored. */
function isUnknown({ status, body }: Answer): boolean {
  return status === 503 && body.type.endsWith('outcome-unknown');
}
