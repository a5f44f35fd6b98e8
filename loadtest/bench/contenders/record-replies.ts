import { messageSchema, TOPICS } from '@standing-order/contracts';
import { type Sidecar, type StateStore, subscribe } from '@standing-order/dapr';
import { decide } from '@standing-order/order/domain/decide';
import { parseOrder } from '@standing-order/order/domain/order';
import { toOrderInput } from '@standing-order/order/messaging/replies';
import type { Hono } from 'hono';

type Reply = Parameters<typeof toOrderInput>[0];

const topic = TOPICS['order-replies'];
const ATTEMPTS = 10;

/** Adds a plain handler of replies: read the order, decide, write it back with its ETag; on a conflict, repeat. */
export function recordReplies(app: Hono, sidecar: Sidecar, pubsub: string, store: StateStore): void {
  const record = async (reply: Reply): Promise<'success' | 'retry'> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const key = `o:${reply.data.orderId}`;
      const stored = await store.get(key);
      if (stored === undefined) return 'retry';
      const decision = decide(parseOrder(stored.value), toOrderInput(reply, reply.data.token), Date.now());
      if ('ignored' in decision) return 'success';
      if ((await store.update(key, decision.document, stored.etag)) === 'written') return 'success';
    }
    return 'retry';
  };
  subscribe(app, {
    sidecar,
    pubsub,
    topic,
    source: '/order',
    schema: messageSchema(topic.types),
    handle: (batch) => Promise.all(batch.map(({ message }) => record(message))),
  });
}
