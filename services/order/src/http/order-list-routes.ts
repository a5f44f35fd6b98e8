import { consumerId, type OrdersPage } from '@standing-order/contracts';
import { type Exhausted, ProblemError, pathParam } from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import { viewOf } from '../domain/view.ts';
import type { OrderLists } from '../order-lists/order-lists.ts';
import { callerKey, requireConsumer } from './authorize.ts';
import { createPageReads } from './page-reads.ts';
import { wholeNumberParam } from './query-param.ts';
import { requireOrderLists } from './require-order-lists.ts';

const LIMIT = 20;
const MAX_LIMIT = 100;
const RETRY_AFTER_SECONDS = 1;

const REFUSALS: Readonly<Record<Exhausted, string>> = {
  replica: 'this replica has reached its limit of list reads',
  caller: "this replica has reached its limit of this caller's list reads",
};

/**
 * Adds GET /consumers/{id}/orders: a consumer's orders, newest first.
 *
 * @param orderLists undefined in a deployment without lists
 */
export function addOrderListRoutes(app: Hono, orderLists: OrderLists | undefined): void {
  const pageReads = createPageReads();

  async function respond(c: Context, { list }: OrderLists, id: string): Promise<Response> {
    const before = wholeNumberParam(c, 'before', Number.MAX_SAFE_INTEGER);
    const limit = wholeNumberParam(c, 'limit', MAX_LIMIT) ?? LIMIT;
    const { orders, last, more } = await list(id, { before, limit });
    const next = more ? `/consumers/${encodeURIComponent(id)}/orders?before=${last}&limit=${limit}` : undefined;
    if (next !== undefined) c.header('Link', `<${next}>; rel="next"`);
    const page: OrdersPage = { orders: orders.map(({ order }) => viewOf(order)), ...(next !== undefined && { next }) };
    return c.json(page);
  }

  app.get('/consumers/:id/orders', async (c) => {
    const lists = requireOrderLists(orderLists);
    const id = pathParam(c, 'id', consumerId);
    requireConsumer(c, id);
    const { signal } = c.req.raw;
    const read = pageReads.run(callerKey(c, `consumer:${id}`), () => {
      // The client closed the connection while the read waited.
      signal.throwIfAborted();
      return respond(c, lists, id);
    });
    if (typeof read !== 'string') return read;
    throw new ProblemError('unavailable', { detail: REFUSALS[read], retryAfter: RETRY_AFTER_SECONDS });
  });
}
