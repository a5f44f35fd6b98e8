import { waitUntil } from '@standing-order/testing/wait-until';
import { expect, test } from 'vitest';
import { decidedAgain, type StoredOrder } from '../support/state.ts';
import { answersOk, useWorld } from '../support/world.ts';

const FROZEN_MS = 30_000;

// That an order is listed is written into it as well; without lists every write is an answer, and can be counted.
const world = useWorld(() => ({ env: { order: { CONSUMER_ORDERS: 'off' } } }));

const accepted = (answers: readonly { readonly status: number }[]) => answers.filter(({ status }) => status === 202);

test('a replica frozen for 30 s and woken loses nothing and decides nothing twice', async () => {
  await world().platform.kill('consumer-1');
  expect(accepted(await world().place(60))).toHaveLength(60);

  await world().platform.freeze('order-1');
  const frozenSince = performance.now();
  await world().platform.start('consumer-1');
  expect(accepted(await world().place(60, { replicas: [1] }))).toHaveLength(60);
  await waitUntil(
    '30 s of frost',
    () => performance.now() - frozenSince,
    (ms) => ms >= FROZEN_MS,
    60_000,
  );
  const whileFrozen = await world().state.orders();

  await world().platform.thaw('order-1');
  await answersOk(`${world().platform.urls.order[0]}/readyz`);
  expect(accepted(await world().place(20, { replicas: [0] }))).toHaveLength(20);
  await world().allDecided(120_000);
  const whenDecided = await world().state.orders();
  expect(decidedAgain(whileFrozen, whenDecided)).toEqual([]);

  // Only then has each replica, the woken one too, looked at everything that it had to do.
  await waitUntil(
    'no segment left in any outbox',
    async () => (await world().state.keys()).filter((key) => /(^|\|\|)s:/.test(key)),
    (segments) => segments.length === 0,
    120_000,
  );
  const atTheEnd = await world().state.orders();
  expect(decidedAgain(whenDecided, atTheEnd)).toEqual([]);
  expect([...atTheEnd.values()].filter(writtenTooOften)).toEqual([]);
});

/** One insert and at most two answers; more would be a verdict written twice. */
function writtenTooOften({ version }: StoredOrder): boolean {
  return Number(version) > 3;
}
