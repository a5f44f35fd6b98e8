import { orderId } from '@standing-order/contracts';
import type { Outbox } from '@standing-order/outbox';
import { ProblemError, pathParam } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';

/**
 * Adds GET /stuck-orders, the orders that this replica has asked about in vain, and POST /orders/{id}/retry, which starts
 * over with one of them. To be added before GET /orders/{id}.
 */
export function adminRoutes(app: Hono, outbox: Pick<Outbox<Order, Message>, 'parked' | 'retry'>): void {
  app.get('/stuck-orders', (c) => {
    const orders = outbox.parked().map(({ since, ...order }) => ({ ...order, since: new Date(since).toISOString() }));
    return c.json({ orders });
  });

  app.post('/orders/:id/retry', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const outcome = await outbox.retry(id);
    if (outcome === 'missing') throw new ProblemError('not-found', { detail: `there is no order ${id}` });
    if (outcome === 'full') {
      throw new ProblemError('unavailable', { detail: 'too many orders are being retried', retryAfter: 2 });
    }
    return c.json({ id, outcome }, outcome === 'done' ? 200 : 202);
  });
}
