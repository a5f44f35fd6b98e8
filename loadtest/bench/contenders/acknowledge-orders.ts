import { randomUUID } from 'node:crypto';
import { orderRequest } from '@standing-order/contracts';
import { fingerprint } from '@standing-order/order/domain/identity';
import { newOrder, type Pending } from '@standing-order/order/domain/order';
import { receiptOf } from '@standing-order/order/domain/view';
import { problemResponse, readJsonBody } from '@standing-order/service-kit/http';
import { systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';

/** Adds POST /orders: the same validation, document and response for every contender. `save` returns whether the order is stored. */
export function acknowledgeOrders(app: Hono, save: (order: Pending) => Promise<boolean>): void {
  app.post('/orders', async (c) => {
    const request = await readJsonBody(c, orderRequest);
    const order = newOrder({
      id: uuidv7(systemClock, systemRandom),
      nonce: randomUUID(),
      fingerprint: fingerprint(request),
      client: 'anonymous',
      trace: currentTrace(),
      request,
      now: Date.now(),
    });
    if (!(await save(order))) return problemResponse('unavailable', { retryAfter: 1 });
    return c.json(receiptOf(order), 202, { location: `/orders/${order.id}` });
  });
}
