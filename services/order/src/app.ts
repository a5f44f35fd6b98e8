import type { Outbox } from '@standing-order/outbox';
import type { Sidecar } from '@standing-order/platform/dapr';
import { type AppOptions, createApp } from '@standing-order/platform/http';
import type { Hono } from 'hono';
import { replyHandler } from './messages/replies.ts';
import type { Message } from './order/decide.ts';
import type { Order } from './order/order.ts';
import { adminRoutes } from './routes/admin.ts';
import type { StyleSettings } from './routes/order-style.ts';
import { orderRoutes } from './routes/orders.ts';
import type { Styles } from './styles/style.ts';
import type { Waits } from './waits.ts';

export interface OrderAppParts extends AppOptions {
  readonly styles: Styles;
  readonly styleSettings: StyleSettings;
  readonly waits: Pick<Waits, 'untilDecided'>;
  readonly outbox: Pick<Outbox<Order, Message>, 'read' | 'record' | 'stuck' | 'retry'>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
}

/** The service's HTTP side: orders for clients, replies from its sidecar. */
export function orderApp({ styles, styleSettings, waits, outbox, sidecar, pubsub, ...options }: OrderAppParts): Hono {
  const app = createApp(options);
  adminRoutes(app, outbox);
  orderRoutes(app, { styles, styleSettings, outbox, waits });
  replyHandler(app, { sidecar, pubsub, outbox });
  return app;
}
