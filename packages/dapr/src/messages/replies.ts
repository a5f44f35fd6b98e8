import { type CloudEvent, type MessageType, orderPartitionKey, TOPICS } from '@standing-order/contracts';
import type { Token } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { Sidecar } from '../types.ts';
import { type BatchablePublication, publishInBatches } from './batch.ts';
import type { HandlingResult } from './delivery-body.ts';
import { createEvent } from './event.ts';
import type { ReceivedMessage } from './subscription.ts';

/** A message of the order service about one of its orders, which expects a reply. */
type OrderMessage = CloudEvent<string, { readonly orderId: string; readonly token: Token }>;

/** The content of a reply, beside the order's id and the token of the message. */
export interface ReplyContent {
  readonly type: MessageType;
  readonly data?: object;
}

/** The topic and the sender of replies. */
export interface RepliesOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** The sender, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly clock: Pick<Clock, 'wall'>;
  /** Default: `order-replies`. */
  readonly topic?: string;
  /**
   * Which replies get a message of their own. `mirrored` (default): those to messages that were not in a batch message, so
   * that a sender without batches gets none. `retransmitted`: those to retransmissions.
   */
  readonly alone?: 'mirrored' | 'retransmitted';
}

/**
 * Replies to messages about orders, each in its own trace. A reply has the partition key of its message, else that of the
 * order's lane. The result of a message is `success` when the broker accepted its reply.
 */
export async function sendReplies<M extends OrderMessage>(
  options: RepliesOptions,
  batch: readonly ReceivedMessage<M>[],
  contentOf: (message: M) => ReplyContent,
): Promise<readonly HandlingResult[]> {
  const { source, clock, topic = TOPICS['order-replies'].name, alone = 'mirrored' } = options;
  const time = clock.wall();
  const replies = batch.map(({ message, context, batched }): BatchablePublication => {
    const { orderId, token } = message.data;
    const { type, data } = contentOf(message);
    const event = createEvent({
      id: `${message.id}-reply`,
      source,
      type,
      subject: orderId,
      time,
      data: { orderId, token, ...data },
      trace: currentTrace(context),
      partitionKey: message.partitionkey,
    });
    return {
      event,
      partitionKey: message.partitionkey ?? orderPartitionKey(orderId),
      alone: alone === 'mirrored' ? !batched : token.a > 1,
    };
  });
  const accepted = await publishInBatches(options, topic, replies);
  return accepted.map((ok) => (ok ? 'success' : 'retry'));
}
