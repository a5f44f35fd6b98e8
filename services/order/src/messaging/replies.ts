import { messageSchema, TOPICS, type Message as Wire } from '@standing-order/contracts';
import { type Sidecar, subscribe } from '@standing-order/dapr';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import { asAnswer } from '../domain/answers.ts';
import type { Confirmation } from '../domain/decide.ts';
import type { Answer } from '../domain/order.ts';
import type { Entries } from '../order-lists/confirmations.ts';
import { SOURCE } from '../outbox/commands.ts';

const topic = TOPICS['order-replies'];

type Reply = Wire<(typeof topic.types)[number]>;

export interface RepliesParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** Rejects when the store fails. */
  record(answers: Entries): Promise<unknown>;
}

/**
 * Adds the handler of `order-replies`. A reply is done once it is recorded, or ignored by name; when the store fails, it
 * is delivered again.
 */
export function replyHandler(app: Hono, { sidecar, pubsub, record }: RepliesParts): void {
  subscribe(app, {
    sidecar,
    pubsub,
    topic,
    source: SOURCE,
    schema: messageSchema(topic.types),
    async handle(batch) {
      const replies = batch.map(({ message }) => ({
        id: message.data.orderId,
        reply: answerOf(message),
      }));
      await runDetached(() => record(replies));
      return batch.map(() => 'success');
    },
  });
}

/** What a reply says, in the terms of the order. */
export function answerOf(reply: Reply): Answer | Confirmation {
  switch (reply.type) {
    case 'com.standing-order.outcome-received.v1':
      return { kind: 'received', token: reply.data.token };
    case 'com.standing-order.settlement-noted.v1':
      return { kind: 'noted', token: reply.data.token };
    default:
      return asAnswer(reply, reply.data.token);
  }
}
