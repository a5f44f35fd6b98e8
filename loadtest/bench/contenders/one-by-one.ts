import '@standing-order/service-kit/telemetry/start';
import { logger } from '@standing-order/service-kit/telemetry';
import { acknowledgeOrders } from './acknowledge-orders.ts';
import { commandsOf } from './commands.ts';
import { recordReplies } from './record-replies.ts';
import { runOnSidecar } from './service.ts';
import { createWorkQueue } from './work-queue.ts';

// A transactional outbox in its usual form: order and outbox row in one transaction, the response, then two publishes.
// In its favour, the rows are never deleted, and rows left by a crash are never searched for.
const MAX_RUNNING = 32;
const MAX_QUEUED = 1_000;

runOnSidecar(({ app, sidecar, store, pubsub }) => {
  const relay = createWorkQueue(MAX_RUNNING, MAX_QUEUED, (error) => logger.error(error, 'a publish failed'));

  acknowledgeOrders(app, async (order) => {
    const outcome = await store.transact([
      { op: 'insert', key: `o:${order.id}`, json: JSON.stringify(order) },
      { op: 'upsert', key: `x:${order.id}`, json: JSON.stringify({ order: order.id, at: order.createdAt }) },
    ]);
    if (outcome !== 'committed') return false;
    if (process.env.PUBLISH === 'no') return true;
    await relay.add(async () => {
      const commands = await commandsOf(order);
      const published = await Promise.all(
        commands.map(({ topic, publication }) => sidecar.publish(pubsub, topic, [publication])),
      );
      if (published.flat().includes(false)) throw new Error(`a command of order ${order.id} was not published`);
    });
    return true;
  });

  recordReplies(app, sidecar, pubsub, store);
});
