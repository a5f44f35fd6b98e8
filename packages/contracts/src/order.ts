import { z } from 'zod';
import { displayName, entityId, orderId } from './ids.ts';
import { carriedMoney, totalAmount } from './money.ts';
import { uniqueBy } from './restaurant.ts';

/** Most lines of an order. */
export const MAX_ORDER_LINES = 100;
/** Most pieces of one item in an order. */
export const MAX_QUANTITY = 1000;

/** One item of the menu, and how many of it. */
export const orderLine = z.strictObject({ itemId: entityId, quantity: z.int().min(1).max(MAX_QUANTITY) });
export type OrderLine = z.infer<typeof orderLine>;

/** Body of POST /orders. No item appears twice. */
export const orderRequest = z.strictObject({
  consumerId: entityId,
  restaurantId: entityId,
  lines: z.array(orderLine).min(1).max(MAX_ORDER_LINES).check(uniqueBy('itemId')),
});
export type OrderRequest = z.infer<typeof orderRequest>;

/** Header Idempotency-Key: 1 to 255 visible ASCII characters. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/** The interaction styles that POST /orders can work in (docs/styles.md). */
export const HTTP_STYLES = ['respond-first', 'synchronous', 'replication'] as const;
export type HttpStyle = (typeof HTTP_STYLES)[number];

/** What an order can be: PENDING until it is decided, then one of the others for ever. */
export const ORDER_STATUSES = ['PENDING', 'VALIDATED', 'REJECTED', 'EXPIRED'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Of these there is no way on. */
export const DECIDED_STATUSES = ['VALIDATED', 'REJECTED', 'EXPIRED'] as const satisfies readonly OrderStatus[];

/** Why an order can be refused. Closed: a new one is a new version of the messages. */
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
export type ReasonCode = (typeof REASON_CODES)[number];

/** One reason of a refusal. `field` is a path into the request (`lines[2].itemId`), as in the errors of a problem. */
export const reason = z.object({
  code: z.enum(REASON_CODES),
  detail: z.string().max(500),
  field: z.string().max(200).optional().describe('A path into the request: `lines[2].itemId`.'),
  itemId: entityId.optional(),
});
export type Reason = z.infer<typeof reason>;

/** A line with the price that the restaurant fixed; `amount` is quantity x unitPrice, in minor units. */
export const pricedLine = z.object({
  itemId: entityId,
  name: displayName,
  quantity: z.int().min(1).max(MAX_QUANTITY),
  unitPrice: totalAmount,
  amount: totalAmount,
});
export type PricedLine = z.infer<typeof pricedLine>;

/** An order as clients see it. Times are RFC 3339, UTC. */
export const orderView = z.object({
  id: orderId,
  status: z.enum(ORDER_STATUSES),
  consumerId: entityId,
  restaurantId: entityId,
  // An outcome is a message, so what is new in a line must not keep it from being read.
  lines: z.array(z.union([pricedLine, z.object(orderLine.shape)])).describe('With prices once VALIDATED.'),
  total: carriedMoney.optional(),
  createdAt: z.iso.datetime(),
  settledAt: z.iso.datetime().optional(),
  deadline: z.iso.datetime().optional().describe('By when it is decided, if the service has a deadline.'),
  reasons: z.array(reason).describe('Empty unless REJECTED.'),
});
export type OrderView = z.infer<typeof orderView>;

/** Some of a consumer's orders, newest first. */
export const ordersPage = z.object({
  orders: z.array(orderView),
  /** Where the older ones are, if there are any: a relative reference. */
  next: z.string().optional(),
});
export type OrdersPage = z.infer<typeof ordersPage>;
