import { z } from 'zod';
import { consumerId, displayName, entityId, orderId } from './ids.ts';
import { carriedMoney, totalAmount } from './money.ts';
import { uniqueBy } from './restaurant.ts';

/** Maximum number of lines of an order. */
export const MAX_ORDER_LINES = 100;
/** Maximum quantity of one item in an order. */
export const MAX_QUANTITY = 1000;

/** One item of the menu, with its quantity. */
export const orderLine = z.strictObject({ itemId: entityId, quantity: z.int().min(1).max(MAX_QUANTITY) });
export type OrderLine = z.infer<typeof orderLine>;

/** Maximum size of the body of POST /orders, in bytes: three times the largest valid order, for indentation. */
export const MAX_ORDER_REQUEST_BYTES = 32 * 1024;

/** Body of POST /orders. No item appears twice. */
export const orderRequest = z.strictObject({
  consumerId,
  restaurantId: entityId,
  lines: z.array(orderLine).min(1).max(MAX_ORDER_LINES).check(uniqueBy('itemId')),
});
export type OrderRequest = z.infer<typeof orderRequest>;

/** Header Idempotency-Key: 1 to 255 visible ASCII characters. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/** The interaction styles of POST /orders (docs/styles.md). */
export const HTTP_STYLES = ['respond-first', 'synchronous', 'replication'] as const;
/** An interaction style of POST /orders. */
export type HttpStyle = (typeof HTTP_STYLES)[number];

/** The statuses of an order: PENDING until it is decided, then permanently one of the others. */
export const ORDER_STATUSES = ['PENDING', 'VALIDATED', 'REJECTED', 'EXPIRED'] as const;
/** One of `ORDER_STATUSES`. */
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** The statuses of a decided order. They are final. */
export const DECIDED_STATUSES = ['VALIDATED', 'REJECTED', 'EXPIRED'] as const satisfies readonly OrderStatus[];

/** The reasons for which an order can be rejected. The list is closed: a new code needs a new version of the messages. */
export const REASON_CODES = [
  'CONSUMER_NOT_FOUND',
  'CONSUMER_INACTIVE',
  'ORDER_LIMIT_EXCEEDED',
  'CURRENCY_MISMATCH',
  'RESTAURANT_NOT_FOUND',
  'RESTAURANT_CLOSED',
  'ITEM_NOT_ON_MENU',
  'ITEM_UNAVAILABLE',
  'MINIMUM_ORDER_NOT_MET',
] as const;
/** One of `REASON_CODES`. */
export type ReasonCode = (typeof REASON_CODES)[number];

/** One reason of a rejection. `field` is a path in the request (`lines[2].itemId`), as in the errors of a problem. */
export const reason = z.object({
  code: z.enum(REASON_CODES),
  detail: z.string().max(500),
  field: z.string().max(200).optional().describe('Path in the request, such as `lines[2].itemId`.'),
  itemId: entityId.optional(),
});
export type Reason = z.infer<typeof reason>;

/** A line with the price of the restaurant. `amount` is quantity x unitPrice, in minor units. */
export const pricedLine = z.object({
  itemId: entityId,
  name: displayName,
  quantity: z.int().min(1).max(MAX_QUANTITY),
  unitPrice: totalAmount,
  amount: totalAmount,
});
export type PricedLine = z.infer<typeof pricedLine>;

/** An order, as returned to clients. Times are RFC 3339, UTC. */
export const orderView = z.object({
  id: orderId,
  status: z.enum(ORDER_STATUSES),
  consumerId,
  restaurantId: entityId,
  // An outcome is a message, so a new field in a line must not make it invalid.
  lines: z.array(z.union([pricedLine, z.object(orderLine.shape)])).describe('With prices once VALIDATED.'),
  total: carriedMoney.optional(),
  createdAt: z.iso.datetime(),
  settledAt: z.iso.datetime().optional(),
  deadline: z.iso.datetime().optional().describe('Time by which the order is decided, if the service has a deadline.'),
  reasons: z.array(reason).describe('Empty unless REJECTED.'),
});
export type OrderView = z.infer<typeof orderView>;

/** A page of a consumer's orders, newest first. */
export const ordersPage = z.object({
  orders: z.array(orderView),
  /** Relative reference of the next page, with older orders, if there are any. */
  next: z.string().optional(),
});
export type OrdersPage = z.infer<typeof ordersPage>;
