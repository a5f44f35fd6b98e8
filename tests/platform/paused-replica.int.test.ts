import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { answersOk, usePlatform } from '../support/platform-fixture.ts';
import { ordersDecidedTwice, type StoredOrder } from '../support/state.ts';

const PAUSED_MS = 30_000;

// An order is written once more for the list of its consumer, and once more for its expiry if the answer to its last write is
// lost, as in a conflict of two replicas. Without lists and expiry every write after the insert is a verdict.
const fixture = usePlatform(() => ({ env: { order: { CONSUMER_ORDERS: 'off', ORDER_RETENTION: 'off' } } }));

const accepted = (answers: readonly { readonly status: number }[]) => answers.filter(({ status }) => status === 202);

test('a replica that is paused for 30 s and resumed loses no order and decides none twice', async () => {
  await fixture().platform.kill('consumer-1');
  expect(accepted(await fixture().place(60))).toHaveLength(60);

  await fixture().platform.pause('order-1');
  const pausedSince = performance.now();
  await fixture().platform.start('consumer-1');
  expect(accepted(await fixture().place(60, { replicas: [1] }))).toHaveLength(60);
  await poll(
    '30 s of the pause',
    () => performance.now() - pausedSince,
    (ms) => ms >= PAUSED_MS,
    60_000,
  );
  const whilePaused = await fixture().state.orders();

  await fixture().platform.resume('order-1');
  await answersOk(`${fixture().platform.urls.order[0]}/readyz`);
  expect(accepted(await fixture().place(20, { replicas: [0] }))).toHaveLength(20);
  await fixture().allDecided(120_000);
  const whenDecided = await fixture().state.orders();
  expect(ordersDecidedTwice(whilePaused, whenDecided)).toEqual([]);

  // Then each replica, including the resumed one, has processed all of its segments.
  await poll(
    'no segment left in any outbox',
    async () => (await fixture().state.keys()).filter((key) => /(^|\|\|)s:/.test(key)),
    (segments) => segments.length === 0,
    120_000,
  );
  const atTheEnd = await fixture().state.orders();
  expect(ordersDecidedTwice(whenDecided, atTheEnd)).toEqual([]);
  expect([...atTheEnd.values()].filter(writtenTooOften)).toEqual([]);
});

/** One insert and at most two verdicts; a third write would be a doubled verdict. */
function writtenTooOften({ version }: StoredOrder): boolean {
  return Number(version) > 3;
}
