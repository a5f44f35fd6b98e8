import { consumerId, type OrdersPage } from '@standing-order/contracts';
import { pathParam } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import { viewOf } from '../domain/view.ts';
import type { OrderLists } from '../order-lists/order-lists.ts';
import { requireConsumer } from './authorize.ts';
import { wholeNumberParam } from './query-param.ts';
import { requireOrderLists } from './require-order-lists.ts';

const LIMIT = 20;
const MAX_LIMIT = 100;

/**
 * Adds GET /consumers/{id}/orders: a consumer's orders, newest first.
 *
 * @param orderLists undefined in a deployment without lists
 */
export function addOrderListRoutes(app: Hono, orderLists: OrderLists | undefined): void {
  app.get('/consumers/:id/orders', async (c) => {
    const { list } = requireOrderLists(orderLists);
    const id = pathParam(c, 'id', consumerId);
    requireConsumer(c, id);
    const before = wholeNumberParam(c, 'before', Number.MAX_SAFE_INTEGER);
    const limit = wholeNumberParam(c, 'limit', MAX_LIMIT) ?? LIMIT;
    const { orders, last, more } = await list(id, { before, limit });
    const next = more ? `/consumers/${encodeURIComponent(id)}/orders?before=${last}&limit=${limit}` : undefined;
    if (next !== undefined) c.header('Link', `<${next}>; rel="next"`);
    const page: OrdersPage = { orders: orders.map(({ order }) => viewOf(order)), ...(next !== undefined && { next }) };
    return c.json(page);
  });
}
