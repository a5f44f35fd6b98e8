import type { Message, TraceParent, WebhookEventType, WebhookPayload } from '@standing-order/contracts';

export type OrderSettledMessage = Message<'com.standing-order.order-settled.v1'>;

/** A decided order, as the event log of each subscribed endpoint stores it. */
export interface WebhookEvent {
  /**
   * Identifies the decision, so every copy of the message gives the same event id. It is the `webhook-id` of each attempt. An entry
   * that an earlier version stored has `settled-{order id}`.
   */
  readonly id: string;
  readonly type: WebhookEventType;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
  readonly data: WebhookPayload['data'];
  readonly trace?: TraceParent;
}

/** Bounds the size of a log entry. */
const MAX_REASONS = 10;

const TYPES = {
  VALIDATED: 'order.validated',
  REJECTED: 'order.rejected',
  EXPIRED: 'order.expired',
} as const satisfies Record<OrderSettledMessage['data']['status'], WebhookEventType>;

/**
 * The id of the event of a decision. The order's id alone is not enough: a new order with the Idempotency-Key of an expired one has
 * the same id (ADR 0075).
 */
const eventIdOf = (orderId: string, decidedAt: string): string => `settled-${orderId}-${Date.parse(decidedAt)}`;

/** The id that an event has in this version, also for an entry that an earlier version stored. */
export const identityOf = ({ data, timestamp }: WebhookEvent): string => eventIdOf(data.orderId, timestamp);

/** The event for a decided order, with the trace that its delivery attempts belong to. */
export function eventFromMessage(
  { data }: Pick<OrderSettledMessage, 'data'>,
  trace: TraceParent | undefined,
): WebhookEvent {
  const { orderId, consumerId, status, total, reasons, settledAt } = data;
  return {
    id: eventIdOf(orderId, settledAt),
    type: TYPES[status],
    timestamp: settledAt,
    data: { orderId, consumerId, status, ...(total && { total }), reasons: reasons.slice(0, MAX_REASONS) },
    ...(trace && { trace }),
  };
}

/**
 * The request body of a delivery attempt. It is byte-identical for each attempt, although a state store may return the fields of
 * a stored event in another order.
 */
export function requestBody({ type, timestamp, data }: WebhookEvent): string {
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
