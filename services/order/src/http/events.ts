import { entityId, orderId } from '@standing-order/contracts';
import type { Outbox } from '@standing-order/outbox';
import { callerOf } from '@standing-order/service-kit/auth';
import { ProblemError, pathParam } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Context, Hono } from 'hono';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { shown, VERSION } from '../domain/shown.ts';
import { consumerFeed } from '../updates/consumer-feed.ts';
import type { Feed } from '../updates/open-stream.ts';
import { orderFeed } from '../updates/order-feed.ts';
import type { Streams } from '../updates/streams.ts';
import { kept, type MaybeConsumerOrders } from './consumer-orders.ts';
import { demandOwn, ownOrder } from './own.ts';

export interface EventRoutesParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'read' | 'readAll' | 'watch'>;
  readonly consumerOrders: MaybeConsumerOrders<'list' | 'watch'>;
  readonly streams: Pick<Streams, 'open'>;
  readonly clock: Pick<Clock, 'wall'>;
}

/** A client that is new hears of this many of the consumer's orders as they are, so that it can't miss any in between. */
const RECENT = 20;
const POSITION = /^(?:0|[1-9]\d{0,14})$/;
const HEADER = 'Last-Event-ID';

/** Adds GET /orders/{id}/events and GET /consumers/{id}/orders/events: server-sent events, as the HTML standard has them. */
export function eventRoutes(app: Hono, { outbox, consumerOrders, streams, clock }: EventRoutesParts): void {
  /** Ends when the caller's token does: whoever comes back with a new one goes on where it was. */
  function whileKnown(c: Context, feed: Feed): Feed {
    const { endsAt } = callerOf(c);
    const isOver = () => endsAt !== undefined && clock.wall() >= endsAt;
    return { ...feed, news: async () => (isOver() ? { events: [], over: true } : feed.news()) };
  }

  app.get('/orders/:id/events', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const heard = lastEventId(c, VERSION);
    const order = await ownOrder(c, outbox, id);
    // By the standard this is what keeps a client from coming back for ever.
    if (order.status !== 'PENDING' && shown(order).version === heard) return c.body(null, 204);
    return streams.open(c, whileKnown(c, orderFeed(outbox, id, heard)));
  });

  app.get('/consumers/:id/orders/events', async (c) => {
    const lists = kept(consumerOrders);
    const id = pathParam(c, 'id', entityId);
    demandOwn(c, id);
    const heard = lastEventId(c, POSITION);
    const { newest } = await lists.list(id, { limit: 1 });
    if (Number(heard ?? 0) > newest) throw badEventId('is later than every event of this stream');
    const from = heard === undefined ? Math.max(newest - RECENT, 0) : Number(heard);
    return streams.open(c, whileKnown(c, consumerFeed({ outbox, consumerOrders: lists }, id, from)));
  });
}

function lastEventId(c: Context, pattern: RegExp): string | undefined {
  const value = c.req.header(HEADER);
  if (value !== undefined && !pattern.test(value)) throw badEventId('must be the id of an event of this stream');
  return value;
}

const badEventId = (detail: string): ProblemError =>
  new ProblemError('malformed-request', { errors: [{ field: HEADER, detail }] });
