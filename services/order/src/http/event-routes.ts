import { consumerId, orderId } from '@standing-order/contracts';
import { callerOf } from '@standing-order/service-kit/auth';
import { ProblemError, pathParam } from '@standing-order/service-kit/http';
import type { Context, Hono } from 'hono';
import type { SSEMessage } from 'hono/streaming';
import type { OrderReader } from '../domain/ports.ts';
import { represent, VERSION_PATTERN } from '../domain/representation.ts';
import type { OrderLists } from '../order-lists/order-lists.ts';
import type { ConsumerUpdates } from '../updates/consumer-updates.ts';
import type { EventStreams, StreamCaller } from '../updates/event-streams.ts';
import type { OrderUpdates } from '../updates/order-updates.ts';
import { callerKey, readOwnOrder, requireConsumer } from './authorize.ts';
import { requireOrderLists } from './require-order-lists.ts';

export interface EventRoutesParts {
  readonly outbox: OrderReader;
  readonly orderUpdates: OrderUpdates;
  /** Undefined in a deployment without lists of orders. */
  readonly orderLists: OrderLists | undefined;
  readonly consumerUpdates: ConsumerUpdates;
  readonly eventStreams: Pick<EventStreams, 'open' | 'requirePlace'>;
}

/** A new client gets the state of this many recent orders, so that it cannot miss a change in between. */
const RECENT = 20;
const POSITION_PATTERN = /^(?:0|[1-9]\d{0,14})$/;
const HEADER = 'Last-Event-ID';

/** Adds GET /orders/{id}/events and GET /consumers/{id}/orders/events: server-sent events as in the HTML standard. */
export function addEventRoutes(app: Hono, parts: EventRoutesParts): void {
  const { outbox, orderUpdates, consumerUpdates, eventStreams } = parts;

  app.get('/orders/:id/events', async (c) => {
    const id = pathParam(c, 'id', orderId);
    const lastEventId = lastEventIdOf(c, VERSION_PATTERN);
    const caller = streamCaller(c, `order:${id}`);
    eventStreams.requirePlace(c, caller);
    const order = await readOwnOrder(c, outbox, id);
    // By the standard, 204 stops a client from reconnecting.
    if (order.status !== 'PENDING' && represent(order).version === lastEventId) return c.body(null, 204);
    async function* events(signal: AbortSignal): AsyncGenerator<SSEMessage> {
      for await (const state of orderUpdates(order, signal)) {
        const { body, version } = represent(state);
        if (version !== lastEventId) yield { event: 'order', id: version, data: body };
      }
    }
    return eventStreams.open(c, events, caller);
  });

  app.get('/consumers/:id/orders/events', async (c) => {
    const orderLists = requireOrderLists(parts.orderLists);
    const id = pathParam(c, 'id', consumerId);
    requireConsumer(c, id);
    const lastEventId = lastEventIdOf(c, POSITION_PATTERN);
    const caller = streamCaller(c, `consumer:${id}`);
    eventStreams.requirePlace(c, caller);
    const { newest } = await orderLists.list(id, { limit: 1 });
    if (Number(lastEventId ?? 0) > newest) throw badEventId('is later than every event of this stream');
    const after = lastEventId === undefined ? Math.max(newest - RECENT, 0) : Number(lastEventId);
    async function* events(signal: AbortSignal): AsyncGenerator<SSEMessage> {
      for await (const { body, resumeAfter } of consumerUpdates(id, after, signal)) {
        yield { event: 'order', id: String(resumeAfter), data: body };
      }
    }
    return eventStreams.open(c, events, caller);
  });
}

const streamCaller = (c: Context, resource: string): StreamCaller => ({
  key: callerKey(c, resource),
  expiresAt: callerOf(c).endsAt,
});

function lastEventIdOf(c: Context, pattern: RegExp): string | undefined {
  const value = c.req.header(HEADER);
  if (value !== undefined && !pattern.test(value)) throw badEventId('must be the id of an event of this stream');
  return value;
}

const badEventId = (detail: string): ProblemError =>
  new ProblemError('malformed-request', { errors: [{ field: HEADER, detail }] });
