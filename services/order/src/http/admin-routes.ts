import { orderId, type waitingOrders } from '@standing-order/contracts';
import { ProblemError, pathParam } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import type { z } from 'zod';
import type { WaitingOrders } from '../domain/ports.ts';

/** Maximum number of orders in the response of GET /waiting-orders. */
const MAX_LISTED = 100;

const dateOf = (at: number): string => new Date(at).toISOString();
const dateOrNull = (at: number | undefined): string | null => (at === undefined ? null : dateOf(at));

/**
 * Adds GET /waiting-orders and GET /stuck-orders, the orders of this replica whose replies are pending and those of them that
 * are parked, and POST /orders/{id}/retry, which sends an order's commands again with fresh attempts. Must be added before
 * GET /orders/{id}.
 */
export function addAdminRoutes(app: Hono, outbox: WaitingOrders): void {
  app.get('/waiting-orders', (c) => {
    const { stored, loaded, channels, documents } = outbox.waiting(MAX_LISTED);
    const body: z.infer<typeof waitingOrders> = {
      stored,
      loaded,
      channels: channels.map(({ oldest, nextAttempt, ...channel }) => ({
        ...channel,
        oldest: dateOrNull(oldest),
        nextAttempt: dateOrNull(nextAttempt),
      })),
      orders: documents.map(({ id, createdAt, commands }) => ({
        id,
        since: dateOf(createdAt),
        commands: commands.map(({ nextAttempt, ...command }) => ({ ...command, nextAttempt: dateOrNull(nextAttempt) })),
      })),
    };
    return c.json(body);
  });

  app.get('/stuck-orders', (c) => {
    const orders = outbox.parked().map(({ since, ...order }) => ({ ...order, since: dateOf(since) }));
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
