import { createBatch, entriesOf, entryOf, isBatch, type Message, outcomeTopic } from '@standing-order/contracts';
import { createEvent } from '@standing-order/dapr';
import { poll } from '@standing-order/testing/poll';
import { beforeAll, describe, expect, test } from 'vitest';
import { post } from '../support/client.ts';
import { orderRequestOf } from '../support/order-request.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { connectRedis, type Redis } from '../support/redis.ts';
import { shopSubscription, useShop } from '../support/shop.ts';

const TOGETHER = 20;

const fixture = usePlatform(() => ({
  replicas: { order: 1 },
  resources: (resources) => [...resources, shopSubscription],
}));
const shop = useShop(fixture);

let state: Redis;
beforeAll(async () => {
  state = await connectRedis(fixture().platform.stores.state);
  return () => state.destroy();
});

type OutcomeMessage = Message<'com.standing-order.order-outcome.v1'>;

/** The messages on the reply channel of a client, each as the outcomes in it. */
async function messagesTo(client: string) {
  const found = (await fixture().broker.xRange(outcomeTopic(client), '-', '+')) ?? [];
  return found.map(({ message }) => {
    const event: unknown = JSON.parse(String(message.data));
    return { batched: isBatch(event), outcomes: entriesOf(event) as OutcomeMessage[] };
  });
}
type OutcomeMessages = Awaited<ReturnType<typeof messagesTo>>;

const outcomesIn = (messages: OutcomeMessages) => messages.flatMap(({ outcomes }) => outcomes);
const requestsIn = (messages: OutcomeMessages) =>
  new Set(outcomesIn(messages).map(({ data }) => data.correlationId)).values().toArray().toSorted();

/** Waits until the order of each of these outcomes has the confirmation of its client. */
async function untilConfirmed(outcomes: readonly OutcomeMessage[]): Promise<void> {
  const ids = new Set(outcomes.map(({ data }) => data.orderId));
  const readOrders = () =>
    Promise.all([...ids].map(async (id) => JSON.parse((await state.hGet(`order||o:${id}`, 'data')) ?? 'null')));
  await poll('each outcome is confirmed', readOrders, (orders) => orders.every(({ received }) => received));
}

test('the outcomes of a client that reads batches share a message, and each of them is confirmed', async () => {
  let rounds = 0;
  const bought = new Map<string, object>();
  async function buyTogether(): Promise<void> {
    const ids = Array.from({ length: TOGETHER }, (_, index) => `round-${rounds}-${index}`);
    rounds++;
    await Promise.all(
      ids.map(async (id) => {
        const { status, body } = await post(`${shop().url}/purchases`, { id, order: GOOD_ORDER });
        expect([status, body.kind]).toEqual([200, 'settled']);
        bought.set(id, body.order);
      }),
    );
  }
  const messages = await poll(
    'a batch message of outcomes',
    async () => {
      await buyTogether();
      return messagesTo('shop');
    },
    (found) => found.some(({ batched }) => batched),
  );
  const batched = outcomesIn(messages.filter((message) => message.batched));
  for (const { data } of batched) {
    expect(data.order).toMatchObject({ id: data.orderId, status: 'VALIDATED' });
    expect(bought.get(data.correlationId)).toEqual(data.order);
  }
  await untilConfirmed(batched);
  // The shop has read the batch messages, and not only retransmissions.
  expect(await fixture().broker.exists(`${outcomeTopic('shop')}-dead`)).toBe(0);
});

describe('the outcomes of requests that arrive in one message', () => {
  /** Sends requests of a client in one batch message, without the client library. */
  async function requestTogether(client: string, content: object): Promise<readonly string[]> {
    const ids = Array.from({ length: TOGETHER }, (_, index) => `${client}-${index}`);
    const requests = ids.map((correlationId) => orderRequestOf(client, correlationId, content));
    const [first] = requests;
    if (first === undefined) throw new Error('a batch without entries');
    const batch = createBatch('com.standing-order.order-requests-batch.v1', first, requests.map(entryOf));
    await fixture().broker.xAdd('order-requests', '*', { data: JSON.stringify(batch) });
    return ids.toSorted();
  }

  /** Confirms outcomes, each in a message of its own, as clients of the first version do. */
  async function confirm(client: string, outcomes: readonly OutcomeMessage[]): Promise<void> {
    for (const { id, data } of outcomes) {
      const { orderId, token } = data;
      const event = createEvent({
        id: `${id}-received`,
        source: `/client/${client}`,
        type: 'com.standing-order.outcome-received.v1',
        subject: orderId,
        time: Date.now(),
        trace: undefined,
        data: { orderId, token },
      });
      await fixture().broker.xAdd('order-confirmations', '*', { data: JSON.stringify(event) });
    }
    await untilConfirmed(outcomes);
  }

  test.each([
    ['an older client', 'older', {}, false],
    ['a client that reads batches', 'newer', { readsBatches: true }, true],
  ])('for %s', async (_, client, content, isBatched) => {
    const ids = await requestTogether(client, content);
    const messages = await poll(
      'an outcome of each request',
      () => messagesTo(client),
      (found) => requestsIn(found).length >= ids.length,
    );
    expect(requestsIn(messages)).toEqual(ids);
    expect(messages.some(({ batched }) => batched)).toBe(isBatched);
    await confirm(client, outcomesIn(messages));
  });
});
