// @module-tag postgres

import { poll } from '@standing-order/testing/poll';
import { describe, expect, onTestFinished, test } from 'vitest';
import { concurrently, get, post } from '../support/client.ts';
import { listen } from '../support/listener.ts';
import { CONSUMER, GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { startReceiver } from '../support/receiver.ts';

/** A year in seconds: the test places orders over many times this retention. */
const RETENTION_SECONDS = 4;
const DECIDED = { prefer: 'wait=15' };
/** Orders per round, and in all. */
const ROUND = 40;
const PLACED = 800;

describe.each(['redis', 'postgresql'] as const)('with state in %s', (store) => {
  const fixture = usePlatform(() => ({
    store,
    replicas: { order: 2, notification: 1 },
    env: { order: { ORDER_RETENTION: `${RETENTION_SECONDS}s` } },
  }));
  const base = (index = 0): string => fixture().platform.urls.order[index] as string;

  /** Keys of stored orders. PostgreSQL keeps expired rows for up to five minutes, so they are counted on Redis only. */
  const orderKeys = async (): Promise<readonly string[]> =>
    (await fixture().state.keys()).filter((key) => key.includes('||o:'));

  if (store === 'redis')
    test('stored orders level off while orders are placed, and every order is decided before it expires', async () => {
      const statuses: string[] = [];
      const most = { stored: 0 };
      await poll(
        'fewer orders are stored than were placed',
        async () => {
          const answers = await concurrently(ROUND, 20, (index) =>
            post(`${base(index % 2)}/orders`, GOOD_ORDER, DECIDED),
          );
          statuses.push(...answers.map(({ status, body }) => `${status} ${body.status}`));
          const stored = (await orderKeys()).length;
          most.stored = Math.max(most.stored, stored);
          return stored;
        },
        (stored) => statuses.length >= PLACED && stored < statuses.length / 2,
        240_000,
      );
      expect(new Set(statuses)).toEqual(new Set(['201 VALIDATED']));
      process.stdout.write(`${statuses.length} orders placed; at most ${most.stored} were stored at a time\n`);
      await poll('every order has expired', orderKeys, (keys) => keys.length === 0, 120_000);
    });

  test('an expired order is not found, listed or streamed, and its Idempotency-Key places a new order, which has its own events', async () => {
    const receiver = await startReceiver();
    await post(`${fixture().platform.urls.notification[0]}/webhooks`, { url: receiver.url });
    const stream = listen([base(1)], `/consumers/${CONSUMER}/orders/events`);
    onTestFinished(() => stream.close());
    const headers = { ...DECIDED, 'idempotency-key': 'basket-1' };
    const first = await post(`${base()}/orders`, GOOD_ORDER, headers);
    expect(first).toMatchObject({ status: 201, body: { status: 'VALIDATED' } });
    const order = `${base()}/orders/${first.body.id}`;
    await poll(
      'the order has expired',
      () => get(order),
      ({ status }) => status === 404,
      120_000,
    );
    expect((await get(`${order}/events`)).status).toBe(404);

    const list = `${base(1)}/consumers/${CONSUMER}/orders`;
    expect(await get(list)).toMatchObject({ status: 200, body: { orders: [] } });

    const other = { ...GOOD_ORDER, lines: [{ itemId: 'margherita', quantity: 5 }] };
    const second = await post(`${base(1)}/orders`, other, headers);
    expect(second).toMatchObject({ status: 201, body: { id: first.body.id, lines: [{ quantity: 5 }] } });

    // The stream is behind the position of the expired order.
    const quantities = () => stream.heard.flatMap(({ order: { id, lines } }) => (id === first.body.id ? lines : []));
    await poll('the stream has the new order', quantities, (lines) => lines.some(({ quantity }) => quantity === 5));
    await poll(
      'both decisions are events of their own',
      () => new Set(receiver.arrived.flatMap(({ id, orderId }) => (orderId === first.body.id ? [id] : []))),
      (events) => events.size === 2,
    );
  });
});
