import { type Message, messageSchema, TOPICS } from '@standing-order/contracts';
import { type Sidecar, subscribe } from '@standing-order/dapr';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import type { OrderInput } from '../domain/decide.ts';
import type { OrderReply } from '../domain/ports.ts';
import { toVerdict } from '../domain/verdict.ts';
import { SOURCE } from '../outbox/command-transport.ts';

/** Every type of order-confirmations is also one of order-replies. */
type ReplyMessage = Message<(typeof TOPICS)['order-replies']['types'][number]>;

export interface RepliesParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** Records replies in their orders. Rejects when the state store fails. */
  record(replies: readonly OrderReply[]): Promise<unknown>;
}

/**
 * Subscribes to `order-replies` and `order-confirmations`. A reply is acknowledged when it is recorded, or ignored for a named reason. When the state
 * store fails, the broker delivers it again.
 */
export function subscribeToReplies(app: Hono, { sidecar, pubsub, record }: RepliesParts): void {
  for (const topic of [TOPICS['order-replies'], TOPICS['order-confirmations']]) {
    subscribe<ReplyMessage>(app, {
      sidecar,
      pubsub,
      topic,
      source: SOURCE,
      schema: messageSchema(topic.types),
      async handle(batch) {
        const replies = batch.map(({ message }) => ({ id: message.data.orderId, reply: toOrderInput(message) }));
        await runDetached(() => record(replies));
        return batch.map(() => 'success');
      },
    });
  }
}

/** Converts a reply to an input of the order. */
export function toOrderInput(reply: ReplyMessage): OrderInput {
  switch (reply.type) {
    case 'com.standing-order.outcome-received.v1':
      return { kind: 'received', token: reply.data.token };
    case 'com.standing-order.settlement-noted.v1':
      return { kind: 'noted', token: reply.data.token };
    default:
      return toVerdict(reply, reply.data.token);
  }
}
