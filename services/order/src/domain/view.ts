import type { Money, OrderView, PricedLine, Reason } from '@standing-order/contracts';
import type { Order } from './order.ts';

/**
 * The current state of an order for clients. The JSON text is the same on every replica: a state store may return an
 * order's keys in another order, so each object is built here field by field.
 */
export function viewOf(order: Order): OrderView {
  const view = receiptOf(order);
  switch (order.status) {
    case 'PENDING':
      return view;
    case 'VALIDATED': {
      const { lines, total } = order.answers.details;
      return {
        ...view,
        status: order.status,
        lines: lines.map(priced),
        total: money(total),
        settledAt: iso(order.settledAt),
      };
    }
    case 'REJECTED':
      return { ...view, status: order.status, reasons: order.reasons.map(reason), settledAt: iso(order.settledAt) };
    case 'EXPIRED':
      return { ...view, status: order.status, settledAt: iso(order.settledAt) };
  }
}

/**
 * The state of an order when it was stored, built only from fields that never change. A repeated request gets the same
 * response text as the first one, also after the order has been decided.
 */
export function receiptOf({ id, request, createdAt, deadline }: Order): OrderView {
  return {
    id,
    status: 'PENDING',
    consumerId: request.consumerId,
    restaurantId: request.restaurantId,
    lines: request.lines.map(({ itemId, quantity }) => ({ itemId, quantity })),
    createdAt: iso(createdAt),
    ...(deadline === undefined ? {} : { deadline: iso(deadline) }),
    reasons: [],
  };
}

function priced({ itemId, name, quantity, unitPrice, amount }: PricedLine): PricedLine {
  return { itemId, name, quantity, unitPrice, amount };
}

const money = ({ amount, currency }: Money): Money => ({ amount, currency });

function reason({ code, detail, field, itemId }: Reason): Reason {
  return { code, detail, ...(field === undefined ? {} : { field }), ...(itemId === undefined ? {} : { itemId }) };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
