import { orderId, orderRequest } from '@standing-order/contracts';
import type { Outbox } from '@standing-order/outbox';
import { callerOf } from '@standing-order/service-kit/auth';
import { formatEtag, idempotencyKeyOf, isUnchanged, pathParam, readJsonBody } from '@standing-order/service-kit/http';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { Context, Hono } from 'hono';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { shown } from '../domain/shown.ts';
import type { Styles } from '../styles/style.ts';
import type { Waits } from '../updates/waits.ts';
import { type StyleSettings, styleOf } from './order-style.ts';
import { demandOwn, ownOrder } from './own.ts';
import { answerDecided, answerPlacement } from './placement.ts';
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
    demandOwn(c, request.consumerId);
    const { client } = callerOf(c);
    const placement = await styles[style]({ request, client, idempotencyKey, trace: currentTrace() });
    if (placement.outcome !== 'taken') return answerPlacement(c, placement);

    const waited = await waitedFor(c, placement.order);
    if (waited && waited.status !== 'PENDING') return answerDecided(c, waited);
    if (parsePrefer(c.req.header('Prefer')).respondAsync) {
      c.header('Preference-Applied', 'respond-async', { append: true });
    }
    return answerPlacement(c, placement);
  });

  app.get('/orders/:id', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const order = await ownOrder(c, outbox, id);
    const { body, version } = shown((await waitedFor(c, order)) ?? order);
    const etag = formatEtag(version);
    if (isUnchanged(c, etag)) return c.body(null, 304, { ETag: etag });
    return c.body(body, 200, { ETag: etag, 'Content-Type': 'application/json' });
  });
}
