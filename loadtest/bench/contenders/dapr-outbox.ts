import '@standing-order/service-kit/telemetry/start';
import { type Pending, parseOrder } from '@standing-order/order/domain/order';
import { Pool } from 'undici';
import { acknowledgeOrders } from './acknowledge-orders.ts';
import { commandsOf } from './commands.ts';
import { recordReplies } from './record-replies.ts';
import { runOnSidecar } from './service.ts';
import { OUTBOX_TOPIC } from './topics.ts';

const TIMEOUT_MS = 20_000;

/**
 * The only form that Dapr's outbox publishes as JSON from a Redis without RedisJSON: the order without a content type,
 * and its projection, which is published, with one.
 */
const transactionOf = (order: Pending): string => {
  const request = { key: `o:${order.id}`, value: order };
  const projection = { 'outbox.projection': 'true', contentType: 'application/json' };
  return JSON.stringify({
    operations: [
      { operation: 'upsert', request },
      { operation: 'upsert', request: { ...request, metadata: projection } },
    ],
  });
};

runOnSidecar(({ app, sidecar, store, pubsub }) => {
  const { DAPR_HTTP_PORT, DAPR_API_TOKEN, STATE_STORE } = process.env;
  const pool = new Pool(`http://127.0.0.1:${DAPR_HTTP_PORT}`, { connections: 64 });
  const headers = { 'content-type': 'application/json', 'dapr-api-token': DAPR_API_TOKEN ?? '' };

  acknowledgeOrders(app, async (order) => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: `/v1.0/state/${STATE_STORE}/transaction`,
      headers,
      body: transactionOf(order),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await body.dump();
    return statusCode === 204;
  });

  // The outbox publishes one event per order, so the service subscribes to it and sends the two commands.
  app.post(`/messages/${OUTBOX_TOPIC}`, async (c) => {
    const { data } = await c.req.json<{ data: unknown }>();
    const commands = await commandsOf(parseOrder(data) as Pending);
    const published = await Promise.all(
      commands.map(({ topic, publication }) => sidecar.publish(pubsub, topic, [publication])),
    );
    return c.json({ status: published.flat().includes(false) ? 'RETRY' : 'SUCCESS' });
  });

  recordReplies(app, sidecar, pubsub, store);
});
