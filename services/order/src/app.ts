import type { Outbox } from '@standing-order/outbox';
import type { Sidecar } from '@standing-order/platform/dapr';
import { type AppOptions, createApp } from '@standing-order/platform/http';
import type { Hono } from 'hono';
import { replyHandler } from './messages/replies.ts';
import type { Message } from './order/decide.ts';
import type { Order } from './order/order.ts';
import { adminRoutes } from './routes/admin.ts';
import { orderRoutes } from './routes/orders.ts';
import type { Placed, Placing } from './styles/respond-first.ts';

export interface OrderAppParts extends AppOptions {
  place(placing: Placing): Promise<Placed>;
  readonly outbox: Pick<Outbox<Order, Message>, 'read' | 'record' | 'stuck' | 'retry'>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
}

/** The service's HTTP side: orders for clients, replies from its sidecar. */
export function orderApp({ place, outbox, sidecar, pubsub, ...options }: OrderAppParts): Hono {
  const app = createApp(options);
  adminRoutes(app, outbox);
  orderRoutes(app, { place, outbox });
  replyHandler(app, { sidecar, pubsub, outbox });
  return app;
}
