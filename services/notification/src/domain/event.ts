import type { Message, TraceParent, WebhookEventType, WebhookPayload } from '@standing-order/contracts';

export type Settled = Message<'com.standing-order.order-settled.v1'>;

/** What happened, as it is in the log of each webhook that is told of it. */
export interface Event {
  /** Of an order there is one, so it is named after it and stays the same however often the order service tells. */
  readonly id: string;
  readonly type: WebhookEventType;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
  readonly data: WebhookPayload['data'];
  readonly trace?: TraceParent;
}

/** An entry of a log has to be small. */
const MAX_REASONS = 10;

const types = {
  VALIDATED: 'order.validated',
  REJECTED: 'order.rejected',
  EXPIRED: 'order.expired',
} as const satisfies Record<Settled['data']['status'], WebhookEventType>;

/** The event that an order's settlement is, with the trace that its deliveries belong to. */
export function eventOf({ data }: Pick<Settled, 'data'>, trace: TraceParent | undefined): Event {
  const { orderId, consumerId, status, total, reasons, settledAt } = data;
  return {
    id: `settled-${orderId}`,
    type: types[status],
    timestamp: settledAt,
    data: { orderId, consumerId, status, ...(total && { total }), reasons: reasons.slice(0, MAX_REASONS) },
    ...(trace && { trace }),
  };
}

/** The body of a delivery: the same to the letter each time, though a stored event comes back with its keys in another order. */
export function bodyOf({ type, timestamp, data }: Event): string {
  const { orderId, consumerId, status, total, reasons } = data;
  const payload: WebhookPayload = {
    type,
    timestamp,
    data: {
      orderId,
      consumerId,
      status,
      ...(total && { total: { amount: total.amount, currency: total.currency } }),
      reasons: reasons.map(({ code, detail, field, itemId }) => ({
        code,
        detail,
        ...(field !== undefined && { field }),
        ...(itemId !== undefined && { itemId }),
      })),
    },
  };
  return JSON.stringify(payload);
}
