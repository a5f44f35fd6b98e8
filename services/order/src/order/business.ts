import type { Business } from '@standing-order/outbox';
import { decide, type Message } from './decide.ts';
import { type Order, parseOrder } from './order.ts';

/** The kinds of answer that an order waits for, each asked for on a channel of its own. */
export const CHANNELS = ['consumer', 'details'] as const;

export type Channel = (typeof CHANNELS)[number];

/** What the outbox has to know of orders. */
export const orderBusiness: Business<Order, Message> = {
  parse: parseOrder,
  missing: (order) => (order.status === 'PENDING' ? CHANNELS.filter((channel) => !order.answers[channel]) : []),
  answered: (order) =>
    CHANNELS.flatMap((channel) => {
      const answer = order.answers[channel];
      return answer ? [{ channel, token: answer.token }] : [];
    }),
  apply: decide,
  overdue: (order, now) =>
    order.status === 'PENDING' && order.deadline !== undefined && now >= order.deadline
      ? { kind: 'time-up' }
      : undefined,
};
