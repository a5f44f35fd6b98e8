import { hash } from 'node:crypto';
import { orderId, orderRequest } from '@standing-order/contracts';
import type { Outbox } from '@standing-order/outbox';
import { idempotencyKeyOf, jsonBody, ProblemError, pathParam } from '@standing-order/platform/http';
import { currentTrace } from '@standing-order/platform/telemetry';
import type { Hono } from 'hono';
import type { Message } from '../order/decide.ts';
import type { Order } from '../order/order.ts';
import { receiptOf, viewOf } from '../order/view.ts';
import type { Placed, Placing } from '../styles/respond-first.ts';

export interface OrderRoutesParts {
  place(placing: Placing): Promise<Placed>;
  readonly outbox: Pick<Outbox<Order, Message>, 'read'>;
}

/** Every client, until clients are told apart. */
const ANONYMOUS = 'anonymous';

const RETRY_AFTER_SECONDS = 2;

/** Adds POST /orders and GET /orders/{id}. */
export function orderRoutes(app: Hono, { place, outbox }: OrderRoutesParts): void {
  app.post('/orders', async (c) => {
    const idempotencyKey = idempotencyKeyOf(c);
    const request = await jsonBody(c, orderRequest);
    const order = taken(await place({ request, client: ANONYMOUS, idempotencyKey, trace: currentTrace() }));
    return c.json(receiptOf(order), 202, { Location: locationOf(order.id) });
  });

  app.get('/orders/:id', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const order = await outbox.read(id);
    if (!order) throw new ProblemError('not-found', { detail: `there is no order ${id}` });
    const body = JSON.stringify(viewOf(order));
    const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
    if (c.req.header('If-None-Match') === etag) return c.body(null, 304, { ETag: etag });
    return c.body(body, 200, { ETag: etag, 'Content-Type': 'application/json' });
  });
}

function locationOf(id: string): string {
  return `/orders/${id}`;
}

/** The order that was taken, now or by an earlier request of the same meaning; throws the problem that it is otherwise. */
function taken({ id, accepted }: Placed): Order {
  switch (accepted.outcome) {
    case 'created':
    case 'existing':
      return accepted.document;
    case 'different':
      throw new ProblemError('idempotency-key-reused', {
        detail: 'this Idempotency-Key has been used with another body; nothing was stored',
        errors: [{ field: 'Idempotency-Key', detail: 'belongs to another request' }],
      });
    case 'full':
      throw new ProblemError('unavailable', {
        detail: 'more orders are waiting than can be looked after; nothing was stored',
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unsent':
      throw new ProblemError('unavailable', {
        detail: 'the order could not be handed to the state store in time; nothing was stored',
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unknown':
      throw new ProblemError('outcome-unknown', {
        detail: `the state store has not confirmed the order; ${locationOf(id)} will tell whether it was taken`,
        location: locationOf(id),
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'refused':
      throw new ProblemError('internal-error', {
        detail: 'the state store does not accept this order; nothing was stored',
      });
  }
}
