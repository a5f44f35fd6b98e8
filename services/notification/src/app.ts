import { notificationApi } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import { createApp, type ServiceAppOptions } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';
import type { DeliveryManager } from './delivery/delivery-manager.ts';
import type { DeliveryLog } from './delivery/storage/delivery-log.ts';
import type { EndpointLogs } from './delivery/storage/logs.ts';
import type { EndpointStore } from './endpoints/endpoint-store.ts';
import type { UrlPolicy } from './endpoints/url-policy.ts';
import { addDeliveryRoutes } from './http/deliveries.ts';
import { addWebhookRoutes } from './http/webhooks.ts';
import { subscribeToSettledOrders } from './messaging/order-settled.ts';

export interface NotificationAppOptions extends ServiceAppOptions {
  readonly endpoints: EndpointStore;
  readonly logs: Pick<EndpointLogs, 'events'>;
  readonly deliveryLog: DeliveryLog;
  readonly deliveryManager: Pick<DeliveryManager, 'wake' | 'refresh'>;
  readonly policy: UrlPolicy;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  newId(): string;
}

/** The HTTP application: the webhooks API, and the subscription to settled orders. */
export function notificationApp(options: NotificationAppOptions): Hono {
  const { endpoints, logs, deliveryLog, deliveryManager, policy, sidecar, pubsub, clock, newId, ...appOptions } =
    options;
  const { wake, refresh } = deliveryManager;
  const app = createApp(appOptions, notificationApi);
  addWebhookRoutes(app, { endpoints, deliveryLog, policy, now: clock.wall, newId, refresh });
  addDeliveryRoutes(app, { endpoints, deliveryLog, wake });
  subscribeToSettledOrders(app, { sidecar, pubsub, clock, endpoints, logs, wake });
  return app;
}
