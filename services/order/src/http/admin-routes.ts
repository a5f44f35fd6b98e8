import { orderId } from '@standing-order/contracts';
import { ProblemError, pathParam } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import type { ParkedOrders } from '../domain/ports.ts';

/**
 * Adds GET /stuck-orders, the parked orders of this replica, and POST /orders/{id}/retry, which sends an order's commands
 * again with fresh attempts. Must be added before GET /orders/{id}.
 */
export function addAdminRoutes(app: Hono, outbox: ParkedOrders): void {
  app.get('/stuck-orders', (c) => {
    const orders = outbox.parked().map(({ since, ...order }) => ({ ...order, since: new Date(since).toISOString() }));
    return c.json({ orders });
  });

  app.post('/orders/:id/retry', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const outcome = await outbox.retry(id);
    if (outcome === 'missing') throw new ProblemError('not-found', { detail: `order ${id} does not exist` });
    if (outcome === 'full') {
      throw new ProblemError('unavailable', { detail: 'too many orders are being retried', retryAfter: 2 });
    }
    return c.json({ id, outcome }, outcome === 'done' ? 200 : 202);
  });
}
