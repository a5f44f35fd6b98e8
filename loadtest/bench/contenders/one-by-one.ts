import '@standing-order/service-kit/telemetry/start';
import { logger } from '@standing-order/service-kit/telemetry';
import { background } from './background.ts';
import { commandsOf } from './commands.ts';
import { recordReplies } from './record-reply.ts';
import { runOnSidecar } from './service.ts';
import { takeOrders } from './take-orders.ts';

// A transactional outbox as it is usually built: order and outbox row in one transaction, the answer, then the publishes.
// In its favour: nothing deletes the rows, and nothing looks for those that a crash left behind.
const AT_ONCE = 32;
const WAITING = 1_000;

runOnSidecar(({ app, sidecar, store, pubsub }) => {
  const relay = background(AT_ONCE, WAITING, (error) => logger.error(error, 'a publish failed'));

  takeOrders(app, async (order) => {
    const outcome = await store.transact([
      { op: 'insert', key: `o:${order.id}`, json: JSON.stringify(order) },
      { op: 'upsert', key: `x:${order.id}`, json: JSON.stringify({ order: order.id, at: order.createdAt }) },
    ]);
    if (outcome !== 'committed') return false;
    if (process.env.PUBLISH === 'no') return true;
    await relay.add(async () => {
      const commands = await commandsOf(order);
      const taken = await Promise.all(
        commands.map(({ topic, publication }) => sidecar.publish(pubsub, topic, [publication])),
      );
      if (taken.flat().includes(false)) throw new Error(`the broker did not take a command of order ${order.id}`);
    });
    return true;
  });

  recordReplies(app, sidecar, pubsub, store);
});
