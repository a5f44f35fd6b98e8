import { expect, test } from 'vitest';
import { get, post } from './support/client.ts';
import { until } from './support/until.ts';
import { answersOk, GOOD_ORDER, useWorld } from './support/world.ts';

const world = useWorld(() => ({ env: { order: { ACCEPT_DEADLINE_MS: '2000' } } }));
const order = () => world().platform.urls.order[0];

test('a dead state store: 503 with Retry-After, nothing half-written, accepted again when it is back', async () => {
  const before = (await world().state.orders()).size;
  await world().platform.kill('redis-state');
  const refused = await world().place(20);
  for (const { status, headers, body } of refused) {
    expect(status).toBe(503);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(body.status).toBe(503);
  }
  await world().platform.start('redis-state');
  await answersOk(`${order()}/readyz`);
  await until(
    'orders are taken again',
    () => world().place(1, { replicas: [0] }),
    ([answer]) => answer?.status === 202,
  );
  // Whatever was written of the refused ones is a whole order: it is in an outbox, so it is decided.
  await world().allDecided();

  const stored = await world().state.orders();
  const mayExist = refused.filter(({ headers }) => headers.location !== undefined).length;
  expect(stored.size - before - world().acknowledged.size).toBeLessThanOrEqual(mayExist);
});

test('a frozen state store: 503 outcome unknown with Location, and the truth there later', async () => {
  await world().platform.freeze('redis-state');
  const answer = await post(`${order()}/orders`, GOOD_ORDER);
  expect(answer).toMatchObject({ status: 503, body: { type: expect.stringContaining('outcome-unknown') } });
  expect(answer.headers.location).toMatch(/^\/orders\/[0-9a-f-]{36}$/);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);

  await world().platform.thaw('redis-state');
  await until(
    'the order at its Location',
    () => get(`${order()}${answer.headers.location}`),
    ({ status, body }) => status === 200 && body.status === 'VALIDATED',
    60_000,
  );
});
