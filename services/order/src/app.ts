import { orderApi } from '@standing-order/contracts';
import type { Outbox } from '@standing-order/outbox';
import type { Sidecar } from '@standing-order/platform/dapr';
import { createApp, type ServiceAppOptions } from '@standing-order/platform/http';
import type { Clock } from '@standing-order/platform/runtime';
import type { Hono } from 'hono';
import type { Entries } from './consumer-orders/confirmations.ts';
import { changesHandler } from './messages/changes.ts';
import { replyHandler } from './messages/replies.ts';
import { requestHandler } from './messages/requests.ts';
import type { Message } from './order/decide.ts';
import type { Order } from './order/order.ts';
import type { Some } from './replicas/replicas.ts';
import { adminRoutes } from './routes/admin.ts';
import { consumerOrdersRoute, type MaybeConsumerOrders } from './routes/consumer-orders.ts';
import { eventRoutes } from './routes/events.ts';
import type { StyleSettings } from './routes/order-style.ts';
import { orderRoutes } from './routes/orders.ts';
import { replicaRoutes } from './routes/replicas.ts';
import type { Streams } from './streams/streams.ts';
import type { Asked } from './styles/messaging.ts';
import type { Placement, Styles } from './styles/style.ts';
import type { Waits } from './waits.ts';

export interface OrderAppParts extends ServiceAppOptions {
  readonly styles: Styles;
  /** How an order is placed that comes by message. */
  placeAsked(asked: Asked): Promise<Placement>;
  readonly styleSettings: StyleSettings;
  readonly waits: Pick<Waits, 'untilDecided'>;
  readonly streams: Pick<Streams, 'open'>;
  readonly consumerOrders: MaybeConsumerOrders<'list' | 'watch'>;
  readonly replicas: Some<'hear' | 'state'>;
  readonly outbox: Pick<Outbox<Order, Message>, 'read' | 'readAll' | 'watch' | 'stuck' | 'retry'>;
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
