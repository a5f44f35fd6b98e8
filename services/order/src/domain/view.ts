import type { Money, OrderView, PricedLine, Reason } from '@standing-order/contracts';
import type { Order } from './order.ts';

/**
 * The order as it is now; to the letter the same whoever shows it. A stored order comes back with its keys in another order,
 * so each object is put together anew.
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
 * The order as it was when it was taken, made only from what never changes: whoever repeats a request gets the same
 * answer, to the letter, however far the order has come in the meantime.
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
