import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { get } from '../support/client.ts';
import { usePlatform } from '../support/platform-fixture.ts';
import { connectRedis } from '../support/redis.ts';
import { arrive, useWebhooks } from '../support/webhooks.ts';

const MIB = 1024 * 1024;
/** Orders per round, at two replicas. */
const ROUND = 60;
const REFUSES_WRITES = /accepts no writes/;

const fixture = usePlatform(() => ({
  replicas: { order: 2, notification: 1 },
  // Long enough that a slow machine fills the store, too.
  env: { order: { ORDER_RETENTION: '30s', ACCEPT_DEADLINE_MS: '2000' } },
}));
const webhooks = useWebhooks(fixture);

const place = async (orders: number) =>
  (await fixture().place(orders)).map(({ status, body }) => ({ status, detail: body.detail }));
const isRefused = ({ status, detail }: { status: number; detail: string }) =>
  status === 503 && REFUSES_WRITES.test(detail);

/** Limits the memory of the state store to this much more than it uses, and fills it with orders until it refuses them. */
async function fill(bytes: number): Promise<void> {
  const database = await connectRedis(fixture().platform.stores.state);
  const used = Number(/^used_memory:(\d+)/m.exec(await database.info('memory'))?.[1]);
  await database.configSet('maxmemory', String(used + bytes));
  database.destroy();
  await poll(
    'orders fill the store, and new ones are refused at once',
    () => place(ROUND),
    (answers) => answers.some(isRefused),
    120_000,
  );
  expect((await get(`${fixture().platform.urls.order[0]}/readyz`)).status).toBe(200);
}

/** One order at each replica at a time, because more of them would fill the store again. */
const accepts = () =>
  poll(
    'an accepted order at each replica',
    () => place(2),
    (answers) => answers.every(({ status }) => status === 202),
    180_000,
  );

const allDecided = async () => {
  await arrive(webhooks().all, webhooks().hook, [...fixture().acknowledged]);
  process.stdout.write(`${fixture().acknowledged.size} acknowledged orders were decided\n`);
};

// In each test, the limit of the store stays as it is: only the platform itself makes room.

test('a store that orders have filled refuses new ones, decides the acknowledged ones, and accepts orders again once some have expired', async () => {
  await fixture().place(10 * ROUND);
  await fill(MIB);
  await accepts();
  await allDecided();
});

test('a store that waiting orders have filled keeps room for their decisions', async () => {
  await fixture().platform.kill('consumer-1');
  await fill(3 * MIB);
  await fixture().platform.start('consumer-1');
  await allDecided();
  await accepts();
});
