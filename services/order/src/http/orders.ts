import { orderId, orderRequest } from '@standing-order/contracts';
import type { Outbox } from '@standing-order/outbox';
import { callerOf } from '@standing-order/service-kit/auth';
import { formatEtag, idempotencyKeyOf, isUnchanged, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { Context, Hono } from 'hono';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { represent } from '../domain/representation.ts';
import type { Styles } from '../styles/place-order.ts';
import type { Waits } from '../updates/long-poll.ts';
import { requireConsumer, readOwnOrder } from './authorize.ts';
import { type StyleSettings, styleOf } from './order-style.ts';
import { respondDecided, respondToPlaceOrder } from './place-order-response.ts';
import { parsePrefer } from './prefer.ts';

export interface OrderRoutesParts {
  readonly styles: Styles;
  readonly styleSettings: StyleSettings;
  readonly outbox: Pick<Outbox<Order, Message>, 'read'>;
  readonly waits: Pick<Waits, 'untilDecided'>;
}

/** Adds POST /orders and GET /orders/{id}. */
export function orderRoutes(app: Hono, { styles, styleSettings, outbox, waits }: OrderRoutesParts): void {
  /** The order once the client has waited for it as long as it wants to; undefined if it does not, or cannot. */
  async function waitedFor(c: Context, order: Order): Promise<Order | undefined> {
    const { wait } = parsePrefer(c.req.header('Prefer'));
    const waited = wait === undefined ? undefined : await waits.untilDecided(order, wait * 1_000, c.req.raw.signal);
    if (waited) c.header('Preference-Applied', `wait=${wait}`);
    return waited;
  }

  app.post('/orders', async (c) => {
    const style = styleOf(c, styleSettings);
    const idempotencyKey = idempotencyKeyOf(c);
    const request = await readJsonBody(c, orderRequest);
    requireConsumer(c, request.consumerId);
    const { client } = callerOf(c);
    const placement = await styles[style]({ request, client, idempotencyKey, trace: currentTrace() });
    if (placement.outcome !== 'taken') return respondToPlaceOrder(c, placement);

    const waited = await waitedFor(c, placement.order);
    if (waited && waited.status !== 'PENDING') return respondDecided(c, waited);
    if (parsePrefer(c.req.header('Prefer')).respondAsync) {
      c.header('Preference-Applied', 'respond-async', { append: true });
    }
    return respondToPlaceOrder(c, placement);
  });

  app.get('/orders/:id', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const order = await readOwnOrder(c, outbox, id);
    const { body, version } = represent((await waitedFor(c, order)) ?? order);
    const etag = formatEtag(version);
    if (isUnchanged(c, etag)) return c.body(null, 304, { ETag: etag });
    return c.body(body, 200, { ETag: etag, 'Content-Type': 'application/json' });
  });
}
