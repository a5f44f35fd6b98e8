import { type CloudEvent, type MessageType, orderPartitionKey, TOPICS } from '@standing-order/contracts';
import type { Token } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { HandlingResult } from './delivery.ts';
import { createEvent } from './event.ts';
import type { ReceivedMessage } from './subscription.ts';
import type { Publication, Sidecar } from './types.ts';

/** A message of the order service about one of its orders, which wants to be answered. */
type AboutOrder = CloudEvent<string, { readonly orderId: string; readonly token: Token }>;

/** What a reply says beside the order's id and the token of the message. */
export interface ReplyContent {
  readonly type: MessageType;
  readonly data?: object;
}

export interface RepliesOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** Name of the sender, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly clock: Pick<Clock, 'wall'>;
}

/**
 * Answers messages about orders on `order-replies`, each in its own trace; the replies to one order keep to one partition.
 * Says of each message, in order, whether it is done, which is when the broker has its reply.
 */
export async function sendReplies<M extends AboutOrder>(
  { sidecar, pubsub, source, clock }: RepliesOptions,
  batch: readonly ReceivedMessage<M>[],
  contentOf: (message: M) => ReplyContent,
): Promise<readonly HandlingResult[]> {
  const replies = batch.map(({ message, context }): Publication => {
    const { orderId, token } = message.data;
    const { type, data } = contentOf(message);
    const event = createEvent({
      id: `${message.id}-reply`,
      source,
      type,
      subject: orderId,
      time: clock.wall(),
      data: { orderId, token, ...data },
      trace: currentTrace(context),
    });
    return { event, partitionKey: orderPartitionKey(orderId) };
  });
  const sent = await sidecar.publish(pubsub, TOPICS['order-replies'].name, replies);
  return sent.map((taken) => (taken ? 'success' : 'retry'));
}
