import { orderApi } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import { createApp, type ServiceAppOptions } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';
import type { OrderReader, WaitingOrders } from './domain/ports.ts';
import { addAdminRoutes } from './http/admin-routes.ts';
import { addEventRoutes } from './http/event-routes.ts';
import { addLocalCopyRoutes } from './http/local-copy-routes.ts';
import { addOrderListRoutes } from './http/order-list-routes.ts';
import { addOrderRoutes } from './http/order-routes.ts';
import type { StyleSettings } from './http/order-style-header.ts';
import type { LocalCopies } from './local-copies/local-copies.ts';
import { subscribeToChanges } from './messaging/changes.ts';
import { subscribeToOrderRequests } from './messaging/order-requests.ts';
import { type RepliesParts, subscribeToReplies } from './messaging/replies.ts';
import type { OrderLists } from './order-lists/order-lists.ts';
import type { TokenSigner } from './outbox/token-signature.ts';
import type { Styles } from './styles/place-order.ts';
import type { ConsumerUpdates } from './updates/consumer-updates.ts';
import type { EventStreams } from './updates/event-streams.ts';
import type { LongPoll } from './updates/long-poll.ts';
import type { OrderUpdates } from './updates/order-updates.ts';

export interface OrderAppParts extends ServiceAppOptions {
  readonly styles: Styles;
  readonly styleSettings: StyleSettings;
  readonly outbox: OrderReader & WaitingOrders;
  readonly record: RepliesParts['record'];
  readonly orderUpdates: OrderUpdates;
  readonly consumerUpdates: ConsumerUpdates;
  readonly longPoll: Pick<LongPoll, 'waitForDecision'>;
  readonly eventStreams: Pick<EventStreams, 'open' | 'requirePlace'>;
  /** Undefined in a deployment without lists of orders. */
  readonly orderLists: OrderLists | undefined;
  readonly localCopies: Pick<LocalCopies, 'consumer' | 'restaurant'>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly tokens: TokenSigner;
  /** The message clients that may order. Undefined: any. */
  readonly messageClients?: ReadonlySet<string> | undefined;
}

/** The HTTP application of the service: routes for clients, and the messages that its sidecar delivers. */
export function orderApp(parts: OrderAppParts): Hono {
  const { styles, outbox, orderLists, localCopies } = parts;
  const app = createApp(parts, orderApi);
  addAdminRoutes(app, outbox);
  addOrderRoutes(app, parts);
  addOrderListRoutes(app, orderLists);
  addEventRoutes(app, parts);
  subscribeToOrderRequests(app, { ...parts, placeOrder: styles.messaging });
  subscribeToReplies(app, parts);
  subscribeToChanges(app, parts);
  addLocalCopyRoutes(app, localCopies);
  return app;
}
