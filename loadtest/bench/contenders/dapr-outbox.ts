import '@standing-order/service-kit/telemetry/start';
import { type Pending, parseOrder } from '@standing-order/order/domain/order';
import { Pool } from 'undici';
import { commandsOf } from './commands.ts';
import { recordReplies } from './record-reply.ts';
import { runOnSidecar } from './service.ts';
import { takeOrders } from './take-orders.ts';
import { OUTBOX_TOPIC } from './topics.ts';

const DEADLINE_MS = 20_000;

/**
 * The one form that Dapr's outbox publishes as JSON from a Redis without RedisJSON: the order itself without a content type, and
 * a projection of it, which is what is published, with one.
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

  takeOrders(app, async (order) => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: `/v1.0/state/${STATE_STORE}/transaction`,
      headers,
      body: transactionOf(order),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    await body.dump();
    return statusCode === 204;
  });

  // One event per order is all the outbox can publish, so the service hears it itself and sends the two commands.
  app.post(`/messages/${OUTBOX_TOPIC}`, async (c) => {
    const { data } = await c.req.json<{ data: unknown }>();
    const commands = await commandsOf(parseOrder(data) as Pending);
    const taken = await Promise.all(
      commands.map(({ topic, publication }) => sidecar.publish(pubsub, topic, [publication])),
    );
    return c.json({ status: taken.flat().includes(false) ? 'RETRY' : 'SUCCESS' });
  });

  recordReplies(app, sidecar, pubsub, store);
});
