import { orderId } from '@standing-order/contracts';
import { formatEtag, isUnchanged, pathParam } from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import type { Order } from '../domain/order.ts';
import type { OrderReader } from '../domain/ports.ts';
import { represent } from '../domain/representation.ts';
import type { Styles } from '../styles/place-order.ts';
import type { LongPoll } from '../updates/long-poll.ts';
import { callerKey, readOwnOrder } from './authorize.ts';
import type { StyleSettings } from './order-style-header.ts';
import { parsePlaceOrder } from './parse-place-order.ts';
import { respondDecided, respondToPlaceOrder } from './place-order-response.ts';
import { parsePrefer } from './prefer-header.ts';

export interface OrderRoutesParts {
  readonly styles: Styles;
  readonly styleSettings: StyleSettings;
  readonly outbox: OrderReader;
  readonly longPoll: Pick<LongPoll, 'waitForDecision'>;
}

/** Adds POST /orders and GET /orders/{id}. */
export function addOrderRoutes(app: Hono, { styles, styleSettings, outbox, longPoll }: OrderRoutesParts): void {
  /**
   * Waits as long as the request prefers. Undefined if it has no such preference, if too many requests are waiting, and for
   * HEAD, whose response has no body.
   */
  async function waitIfPreferred(c: Context, order: Order): Promise<Order | undefined> {
    const { wait } = parsePrefer(c.req.header('Prefer'));
    if (wait === undefined || c.req.method === 'HEAD') return undefined;
    const request = { caller: callerKey(c, `order:${order.id}`), signal: c.req.raw.signal };
    const latest = await longPoll.waitForDecision(order, wait * 1_000, request);
    if (latest) c.header('Preference-Applied', `wait=${wait}`);
    return latest;
  }

  app.post('/orders', async (c) => {
    const { style, command } = await parsePlaceOrder(c, styleSettings);
    const result = await styles[style](command);
    if (result.outcome !== 'taken') return respondToPlaceOrder(c, result);

    const latest = await waitIfPreferred(c, result.order);
    if (latest && latest.status !== 'PENDING') return respondDecided(c, latest);
    if (parsePrefer(c.req.header('Prefer')).respondAsync) {
      c.header('Preference-Applied', 'respond-async', { append: true });
    }
    return respondToPlaceOrder(c, result);
  });

  app.get('/orders/:id', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const order = await readOwnOrder(c, outbox, id);
    const { body, version } = represent((await waitIfPreferred(c, order)) ?? order);
    const etag = formatEtag(version);
    if (isUnchanged(c, etag)) return c.body(null, 304, { ETag: etag });
    return c.body(body, 200, { ETag: etag, 'Content-Type': 'application/json' });
  });
}
