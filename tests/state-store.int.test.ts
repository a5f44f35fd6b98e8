import { describe, expect, test } from 'vitest';
import { type Answer, get, post } from './support/client.ts';
import { until } from './support/until.ts';
import { GOOD_ORDER, useWorld } from './support/world.ts';

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
    await until(
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
    await until(
      'the order at its Location',
      () => get(`${order()}${answer.headers.location}`),
      ({ status, body }) => status === 200 && body.status === 'VALIDATED',
      60_000,
    );
  });
});

/** Refused without saying that nothing was stored. */
function isUnknown({ status, body }: Answer): boolean {
  return status === 503 && body.type.endsWith('outcome-unknown');
}
