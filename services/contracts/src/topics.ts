import type { MessageType } from './messages.ts';

/** What travels on a topic, who receives it, and where goes what nobody can handle. */
export interface Topic {
  readonly name: string;
  readonly types: readonly MessageType[];
  readonly subscriber: 'order' | 'consumer' | 'restaurant';
  readonly deadLetter: string;
}

/** Every topic, by name. */
export const topics = {
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
  'order-replies': {
    name: 'order-replies',
    types: [
      'com.standing-order.consumer-validated.v1',
      'com.standing-order.consumer-refused.v1',
      'com.standing-order.order-details-validated.v1',
      'com.standing-order.order-details-refused.v1',
    ],
    subscriber: 'order',
    deadLetter: 'order-replies-dead',
  },
} as const satisfies Record<string, Topic>;
