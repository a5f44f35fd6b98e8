import type { DocumentHandler } from '@standing-order/outbox';
import { decide, type Message } from '../domain/decide.ts';
import { type Order, parseOrder } from '../domain/order.ts';

const VALIDATORS = ['consumer', 'details'] as const;

/**
 * On which an order waits for an answer: the validators'; once it is settled, of those who are told its outcome; and from
 * the first, that it is in the list of its consumer's orders.
 */
export type Channel = (typeof VALIDATORS)[number] | 'response' | 'notification' | 'index';

/** What the outbox has to know of orders. */
export const orderBusiness: DocumentHandler<Order, Message> = {
  parse: parseOrder,
  pendingChannels: missingOf,
  acknowledged(order) {
    const validated = VALIDATORS.flatMap((channel) => {
      const answer = order.answers[channel];
      return answer ? [{ channel, token: answer.token }] : [];
    });
    return [
      ...validated,
      ...(order.received ? [{ channel: 'response', token: order.received }] : []),
      ...(order.noted ? [{ channel: 'notification', token: order.noted }] : []),
      ...(order.indexed ? [{ channel: 'index', token: order.indexed }] : []),
    ];
  },
  apply: decide,
  onTimeout: (order, now) =>
    order.status === 'PENDING' && order.deadline !== undefined && now >= order.deadline
      ? { kind: 'time-up' }
      : undefined,
};

function missingOf(order: Order): readonly Channel[] {
  const listed = order.index && !order.indexed ? (['index'] as const) : [];
  if (order.status === 'PENDING') return [...VALIDATORS.filter((channel) => !order.answers[channel]), ...listed];
  return [
    ...listed,
    ...(order.replyTo && !order.received ? (['response'] as const) : []),
    ...(order.notify && !order.noted ? (['notification'] as const) : []),
  ];
}
