import type { MessageType } from './messages.ts';
import type { Topic } from './topics.ts';

/** A sender or receiver of messages. */
export type Party = Topic['subscriber'] | 'client';

/** The sender of each type of message. */
export const SENDERS = {
  'com.standing-order.validate-consumer-info.v1': 'order',
  'com.standing-order.validate-order-details.v1': 'order',
  'com.standing-order.consumer-changed.v1': 'consumer',
  'com.standing-order.restaurant-changed.v1': 'restaurant',
  'com.standing-order.consumer-validated.v1': 'consumer',
  'com.standing-order.consumer-refused.v1': 'consumer',
  'com.standing-order.order-details-validated.v1': 'restaurant',
  'com.standing-order.order-details-refused.v1': 'restaurant',
  'com.standing-order.create-order.v1': 'client',
  'com.standing-order.order-outcome.v1': 'order',
  'com.standing-order.order-request-refused.v1': 'order',
  'com.standing-order.outcome-received.v1': 'client',
  'com.standing-order.order-settled.v1': 'order',
  'com.standing-order.settlement-noted.v1': 'notification',
} as const satisfies Record<MessageType, Party>;
