import { correlationId, orderRequest } from '@standing-order/contracts';
import { ClosedError, type OrderClient, UnknownRequestError } from '@standing-order/order-client';
import { ProblemError, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';
import { z } from 'zod';

const purchase = z.strictObject({ id: correlationId, order: orderRequest });

/** The problem of a purchase without an outcome, or the error itself. */
function problemOf(error: unknown): unknown {
  if (error instanceof UnknownRequestError) return new ProblemError('not-found', { detail: error.message });
  if (!(error instanceof ClosedError)) return error;
  const detail = 'the shop is stopping; the request is stored, and the shop continues it after a restart';
  return new ProblemError('unavailable', { detail });
}

/** POST /purchases places an order and responds with its outcome. GET /purchases/{id} reads the outcome of an earlier purchase. */
export function addPurchases(app: Hono, client: Pick<OrderClient, 'place' | 'outcome'>): void {
  app.post('/purchases', async (c) => {
    const { id, order } = await readJsonBody(c, purchase);
    const outcome = await client.place(order, id).catch((error: unknown) => {
      throw problemOf(error);
    });
    return c.json(outcome);
  });

  app.get('/purchases/:id', async (c) => {
    const outcome = await client.outcome(pathParam(c, 'id', correlationId)).catch((error: unknown) => {
      throw problemOf(error);
    });
    return c.json(outcome);
  });
}
