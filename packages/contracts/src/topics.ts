import type { MessageType } from './messages.ts';

/** A topic: its message types, its subscriber and its dead-letter topic. */
export interface Topic {
  readonly name: string;
  readonly types: readonly MessageType[];
  readonly subscriber: 'order' | 'consumer' | 'restaurant' | 'notification';
  readonly deadLetter: string;
}

/** All topics of the services, by name. */
export const TOPICS = {
  'consumer-changes': {
    name: 'consumer-changes',
    types: ['com.standing-order.consumer-changed.v1'],
    subscriber: 'order',
    deadLetter: 'consumer-changes-dead',
  },
  'restaurant-changes': {
    name: 'restaurant-changes',
    types: ['com.standing-order.restaurant-changed.v1'],
    subscriber: 'order',
    deadLetter: 'restaurant-changes-dead',
  },
  'consumer-commands': {
    name: 'consumer-commands',
    types: ['com.standing-order.validate-consumer-info.v1'],
    subscriber: 'consumer',
    deadLetter: 'consumer-commands-dead',
  },
  'restaurant-commands': {
    name: 'restaurant-commands',
    types: ['com.standing-order.validate-order-details.v1'],
    subscriber: 'restaurant',
    deadLetter: 'restaurant-commands-dead',
  },
  'order-requests': {
    name: 'order-requests',
    types: ['com.standing-order.create-order.v1'],
    subscriber: 'order',
    deadLetter: 'order-requests-dead',
  },
  'order-replies': {
    name: 'order-replies',
    types: [
      'com.standing-order.consumer-validated.v1',
      'com.standing-order.consumer-refused.v1',
      'com.standing-order.order-details-validated.v1',
      'com.standing-order.order-details-refused.v1',
      // Of clients of 0.1.0; newer ones send it to order-confirmations.
      'com.standing-order.outcome-received.v1',
      'com.standing-order.settlement-noted.v1',
    ],
    subscriber: 'order',
    deadLetter: 'order-replies-dead',
  },
  // Not order-replies: a client that confirms outcomes must not be able to publish verdicts.
  'order-confirmations': {
    name: 'order-confirmations',
    types: ['com.standing-order.outcome-received.v1'],
    subscriber: 'order',
    deadLetter: 'order-confirmations-dead',
  },
  'order-settled': {
    name: 'order-settled',
    types: ['com.standing-order.order-settled.v1'],
    subscriber: 'notification',
    deadLetter: 'order-settled-dead',
  },
} as const satisfies Record<string, Topic>;

/** The message types on a client's reply channel. */
export const OUTCOME_TYPES = [
  'com.standing-order.order-outcome.v1',
  'com.standing-order.order-request-refused.v1',
] as const satisfies readonly MessageType[];

/** The reply channel of a client that orders by message. Only that client subscribes to it. */
export const outcomeTopic = (client: string): string => `order-outcomes-${client}`;
