import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { call, get, getMetrics, post } from '../support/client.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { messagesOn } from '../support/redis.ts';

const fixture = usePlatform(() => ({ replicas: { order: 1 } }));
const orders = () => `${fixture().platform.urls.order[0]}/orders`;

const CONSUMER_VALIDATED = 'com.standing-order.consumer-validated.v1';
const DETAILS_VALIDATED = 'com.standing-order.order-details-validated.v1';

const eventsOn = async (topic: string) => (await messagesOn(fixture().broker, topic)).map(({ event }) => event);

/** The genuine reply of this type to a command of the order. */
const replyTo = async (id: string, type: string) =>
  (
    await poll(
      `${type} of ${id}`,
      async () => (await eventsOn('order-replies')).filter((event) => event.type === type && event.data.orderId === id),
      (found) => found.length > 0,
    )
  )[0].data;

const place = async (): Promise<string> => {
  const { status, body } = await post(orders(), GOOD_ORDER);
  expect(status).toBe(202);
  return body.id;
};
const orderOf = async (id: string) => (await get(`${orders()}/${id}`)).body;

/** Waits for the decision of the order. */
const decided = (id: string) =>
  poll(
    'the decision',
    () => orderOf(id),
    ({ status }) => status !== 'PENDING',
    60_000,
  );

/** The prices that the forger wants to pay. */
const [ordered] = GOOD_ORDER.lines;
const FREE = {
  lines: [{ ...ordered, name: 'Margherita', unitPrice: 0, amount: 0 }],
  total: { amount: 0, currency: 'EUR' },
};

/** Publishes events as an application that may publish on the topic of replies. */
async function publishReplies(events: readonly { readonly type: string; readonly data: object }[]): Promise<void> {
  const { platform } = fixture();
  // The restaurant's sidecar stands for any application with that right: it adds nothing to the event.
  for (const [index, { type, data }] of events.entries()) {
    const { status } = await call(
      'POST',
      `${platform.sidecarUrls.restaurant[0]}/v1.0/publish/messages/order-replies`,
      {
        ...{ specversion: '1.0', id: `forged-${index}`, source: '/client/mallory', type, subject: 'x' },
        ...{ time: '2026-01-01T00:00:00Z', datacontenttype: 'application/json', data },
      },
      { 'content-type': 'application/cloudevents+json', 'dapr-api-token': platform.secrets.daprApiToken },
    );
    expect(status).toBe(204);
  }
}

test('a client that answers its own order while the restaurant is down does not set the price', async () => {
  const { platform } = fixture();
  const earlier = await place();
  expect(await decided(earlier)).toMatchObject({ status: 'VALIDATED', total: { amount: 1_900 } });
  const earlierDetails = await replyTo(earlier, DETAILS_VALIDATED);

  await platform.kill('restaurant-1');
  const orderId = await place();
  const consumer = await replyTo(orderId, CONSUMER_VALIDATED);
  const { token } = consumer;
  await publishReplies([
    { type: DETAILS_VALIDATED, data: { orderId, token: { w: 'x', a: 1, t: 0 }, ...FREE } },
    { type: DETAILS_VALIDATED, data: { ...earlierDetails, orderId } },
    { type: DETAILS_VALIDATED, data: { orderId, token, ...FREE } },
    { type: CONSUMER_VALIDATED, data: { ...consumer, token: { ...token, a: token.a + 1 } } },
    { type: 'com.standing-order.outcome-received.v1', data: { orderId, token } },
    { type: 'com.standing-order.settlement-noted.v1', data: { orderId, token } },
  ]);

  const { letters, order } = await poll(
    'an effect of the forged replies',
    async () => ({
      letters: (await eventsOn('order-replies-dead')).map(({ data }) => data),
      order: await orderOf(orderId),
    }),
    ({ letters: found, order: { status } }) => found.length >= 6 || status !== 'PENDING',
  );
  expect(order).toMatchObject({ status: 'PENDING' });
  expect(order).not.toHaveProperty('total');
  const forged = 'the token of the reply is not the token of a command of this order on this channel';
  expect(letters.map(({ reason }) => reason).toSorted()).toEqual(
    ['the token of the reply has no signature', ...Array(5).fill(forged)].toSorted(),
  );
  expect(new Set(letters.map(({ original }) => original.source))).toEqual(new Set(['/client/mallory']));
  const metrics = await getMetrics(platform.urls.order[0]);
  expect(metrics).toMatch(/orders_replies_dead_lettered(_total)?\{[^}]*reason="forged"[^}]*\} 5\b/);

  await platform.start('restaurant-1');
  expect(await decided(orderId)).toMatchObject({ status: 'VALIDATED', total: { amount: 1_900 } });
});
