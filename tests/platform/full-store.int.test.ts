import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { get, post } from '../support/client.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { connectRedis } from '../support/redis.ts';
import { arrive, eventOf, useWebhooks } from '../support/webhooks.ts';

const MIB = 1024 * 1024;
/** Orders per round, at two replicas. */
const ROUND = 60;
const REFUSES_WRITES = /accepts no writes/;

const fixture = usePlatform(() => ({
  replicas: { order: 2, notification: 1 },
  env: { order: { ORDER_RETENTION: '10s', ACCEPT_DEADLINE_MS: '2000' } },
}));
const webhooks = useWebhooks(fixture);

test('a store that orders have filled refuses new orders, decides the acknowledged ones, and accepts orders again once some have expired', async () => {
  const database = await connectRedis(fixture().platform.stores.state);
  const order = fixture().platform.urls.order[0];
  const place = async () => (await fixture().place(ROUND)).map(({ status, body }) => ({ status, detail: body.detail }));
  try {
    await fixture().place(ROUND);
    const used = Number(/^used_memory:(\d+)/m.exec(await database.info('memory'))?.[1]);
    await database.configSet('maxmemory', String(used + MIB));

    await poll(
      'orders fill the store, and new ones are refused at once',
      place,
      (answers) => answers.some(({ status, detail }) => status === 503 && REFUSES_WRITES.test(detail)),
      120_000,
    );
    expect((await get(`${order}/readyz`)).status).toBe(200);

    // Only the expiry of orders makes room. The limit of the store stays.
    await poll(
      'an accepted order',
      () => post(`${order}/orders`, GOOD_ORDER),
      ({ status }) => status === 202,
      120_000,
    );
    await poll(
      'a round of accepted orders',
      place,
      (answers) => answers.every(({ status }) => status === 202),
      120_000,
    );
  } finally {
    database.destroy();
  }
  const { acknowledged } = fixture();
  await arrive(webhooks().all, webhooks().hook, [...acknowledged].map(eventOf));
  process.stdout.write(`${acknowledged.size} acknowledged orders were decided\n`);
});
