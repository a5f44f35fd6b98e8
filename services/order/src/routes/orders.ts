import { hash } from 'node:crypto';
import { orderId, orderRequest } from '@standing-order/contracts';
import type { Outbox } from '@standing-order/outbox';
import { idempotencyKeyOf, jsonBody, ProblemError, pathParam } from '@standing-order/platform/http';
import { currentTrace } from '@standing-order/platform/telemetry';
import type { Hono } from 'hono';
import type { Message } from '../order/decide.ts';
import type { Order } from '../order/order.ts';
import { viewOf } from '../order/view.ts';
import type { Styles } from '../styles/style.ts';
import { type StyleSettings, styleOf } from './order-style.ts';
import { answerPlacement } from './placement.ts';

export interface OrderRoutesParts {
  readonly styles: Styles;
  readonly styleSettings: StyleSettings;
  readonly outbox: Pick<Outbox<Order, Message>, 'read'>;
}

/** Every client, until clients are told apart. */
const ANONYMOUS = 'anonymous';

/** Adds POST /orders and GET /orders/{id}. */
export function orderRoutes(app: Hono, { styles, styleSettings, outbox }: OrderRoutesParts): void {
  app.post('/orders', async (c) => {
    const style = styleOf(c, styleSettings);
    const idempotencyKey = idempotencyKeyOf(c);
    const request = await jsonBody(c, orderRequest);
    const placement = await styles[style]({ request, client: ANONYMOUS, idempotencyKey, trace: currentTrace() });
    return answerPlacement(c, placement);
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
