import { entityId, type OrdersPage } from '@standing-order/contracts';
import { ProblemError, pathParam } from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import { viewOf } from '../domain/view.ts';
import type { ConsumerOrders } from '../order-lists/consumer-orders.ts';
import { demandOwn } from './own.ts';

const LIMIT = 20;
const MAX_LIMIT = 100;

/** Undefined where no lists are kept. */
export type MaybeConsumerOrders<Needed extends keyof ConsumerOrders> = Pick<ConsumerOrders, Needed> | undefined;

/** Adds GET /consumers/{id}/orders: a consumer's orders, newest first. */
export function consumerOrdersRoute(app: Hono, consumerOrders: MaybeConsumerOrders<'list'>): void {
  app.get('/consumers/:id/orders', async (c) => {
    const { list } = kept(consumerOrders);
    const id = pathParam(c, 'id', entityId);
    demandOwn(c, id);
    const [before, limit] = [wholeQuery(c, 'before', Number.MAX_SAFE_INTEGER), wholeQuery(c, 'limit', MAX_LIMIT)];
    const { orders, last, more } = await list(id, { before, limit: limit ?? LIMIT });
    const next = more ? `/consumers/${id}/orders?before=${last}&limit=${limit ?? LIMIT}` : undefined;
    if (next !== undefined) c.header('Link', `<${next}>; rel="next"`);
    const page: OrdersPage = { orders: orders.map(({ order }) => viewOf(order)), ...(next !== undefined && { next }) };
    return c.json(page);
  });
}

/** The lists, or the problem that there are none. */
export function kept<T>(consumerOrders: T | undefined): T {
  if (consumerOrders) return consumerOrders;
  throw new ProblemError('not-found', {
    detail: "this deployment keeps no lists of consumers' orders; CONSUMER_ORDERS=on would",
  });
}

/** A query parameter that is a whole number from 1. Throws when it is anything else. */
function wholeQuery(c: Context, name: string, max: number): number | undefined {
  const text = c.req.query(name);
  if (text === undefined) return undefined;
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new ProblemError('malformed-request', {
    errors: [{ field: name, detail: `must be a whole number from 1 to ${max}` }],
  });
}
