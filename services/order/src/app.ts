import { orderApi } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import type { Outbox } from '@standing-order/outbox';
import { createApp, type ServiceAppOptions } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';
import type { Message } from './domain/decide.ts';
import type { Order } from './domain/order.ts';
import { adminRoutes } from './http/admin.ts';
import { consumerOrdersRoute, type MaybeConsumerOrders } from './http/consumer-orders.ts';
import { eventRoutes } from './http/events.ts';
import type { StyleSettings } from './http/order-style.ts';
import { orderRoutes } from './http/orders.ts';
import { replicaRoutes } from './http/replicas.ts';
import type { Some } from './local-copies/replicas.ts';
import { changesHandler } from './messaging/changes.ts';
import { replyHandler } from './messaging/replies.ts';
import { requestHandler } from './messaging/requests.ts';
import type { Entries } from './order-lists/confirmations.ts';
import type { Asked } from './styles/messaging.ts';
import type { Placement, Styles } from './styles/style.ts';
import type { Streams } from './updates/streams.ts';
import type { Waits } from './updates/waits.ts';

export interface OrderAppParts extends ServiceAppOptions {
  readonly styles: Styles;
  /** How an order is placed that comes by message. */
  placeAsked(asked: Asked): Promise<Placement>;
  readonly styleSettings: StyleSettings;
  readonly waits: Pick<Waits, 'untilDecided'>;
  readonly streams: Pick<Streams, 'open'>;
  readonly consumerOrders: MaybeConsumerOrders<'list' | 'watch'>;
  readonly replicas: Some<'hear' | 'state'>;
  readonly outbox: Pick<Outbox<Order, Message>, 'read' | 'readAll' | 'watch' | 'parked' | 'retry'>;
  /** Records the answers of others in their orders. Rejects when the store fails: they are delivered again. */
  record(entries: Entries): Promise<unknown>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
}

/** The service's HTTP side: orders for clients, by HTTP and by message, and replies from its sidecar. */
export function orderApp({
  styles,
  placeAsked,
  styleSettings,
  waits,
  streams,
  consumerOrders,
  replicas,
  outbox,
  record,
  sidecar,
  pubsub,
  clock,
  ...options
}: OrderAppParts): Hono {
  const app = createApp(options, orderApi);
  adminRoutes(app, outbox);
  orderRoutes(app, { styles, styleSettings, outbox, waits });
  consumerOrdersRoute(app, consumerOrders);
  eventRoutes(app, { outbox, consumerOrders, streams, clock });
  requestHandler(app, { sidecar, pubsub, clock, place: placeAsked });
  replyHandler(app, { sidecar, pubsub, record });
  changesHandler(app, { sidecar, pubsub, replicas });
  replicaRoutes(app, replicas);
  return app;
}
