import type { DocumentHandler } from '@standing-order/outbox';
import { decide, type OrderInput } from '../domain/decide.ts';
import { type Order, parseOrder } from '../domain/order.ts';

/** The channels of the validators: the consumer service, and the restaurant service (`details`). */
export const VALIDATION_CHANNELS = ['consumer', 'details'] as const;

/**
 * The channels on which an order sends and waits for a reply.
 *
 * consumer, details: the validators, while the order is PENDING.
 * response, notification: the client that placed the order by message, and the notification service, once it is decided.
 * index: the list of the consumer's orders, from the start.
 */
export type Channel = (typeof VALIDATION_CHANNELS)[number] | 'response' | 'notification' | 'index';

/** The channels whose commands are messages. */
export type MessageChannel = Exclude<Channel, 'index'>;

/** The rules that the outbox applies to orders. */
export const orderDocumentHandler: DocumentHandler<Order, OrderInput> = {
  parse: parseOrder,
  pendingChannels,
  acknowledged(order) {
    const validated = VALIDATION_CHANNELS.flatMap((channel) => {
      const verdict = order.answers[channel];
      return verdict ? [{ channel, token: verdict.token }] : [];
    });
    return [
      ...validated,
      ...(order.received ? [{ channel: 'response', token: order.received }] : []),
      ...(order.noted ? [{ channel: 'notification', token: order.noted }] : []),
      ...(order.indexed ? [{ channel: 'index', token: order.indexed }] : []),
    ];
  },
  tokenOf: (input) => ('token' in input ? input.token : undefined),
  apply: decide,
  isAwaited: (before, after) => before.status !== after.status,
  onTimeout: (order, now) =>
    order.status === 'PENDING' && order.deadline !== undefined && now >= order.deadline
      ? { kind: 'time-up' }
      : undefined,
};

function pendingChannels(order: Order): readonly Channel[] {
  const index = order.index && !order.indexed ? (['index'] as const) : [];
  if (order.status === 'PENDING') {
    return [...VALIDATION_CHANNELS.filter((channel) => !order.answers[channel]), ...index];
  }
  return [
    ...index,
    ...(order.replyTo && !order.received ? (['response'] as const) : []),
    ...(order.notify && !order.noted ? (['notification'] as const) : []),
  ];
}
