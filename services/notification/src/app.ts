import { notificationApi } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import { createApp, type ServiceAppOptions } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';
import type { Deliverer } from './delivery/delivery-manager.ts';
import type { DeliveryRecord } from './delivery/storage/delivery-log.ts';
import type { Logs } from './delivery/storage/logs.ts';
import type { Hooks } from './endpoints/endpoint-store.ts';
import type { UrlPolicy } from './endpoints/url-policy.ts';
import { deliveryRoutes } from './http/deliveries.ts';
import { webhookRoutes } from './http/webhooks.ts';
import { settledHandler } from './messaging/order-settled.ts';

export interface NotificationParts extends ServiceAppOptions {
  readonly hooks: Hooks;
  readonly logs: Pick<Logs, 'events'>;
  readonly record: DeliveryRecord;
  readonly deliverer: Pick<Deliverer, 'wake' | 'refresh'>;
  readonly policy: UrlPolicy;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  newId(): string;
}

/** The service's HTTP side: webhooks for who wants to be told, and settled orders from its sidecar. */
export function notificationApp(parts: NotificationParts): Hono {
  const { hooks, logs, record, deliverer, policy, sidecar, pubsub, clock, newId, ...options } = parts;
  const app = createApp(options, notificationApi);
  webhookRoutes(app, { hooks, record, policy, now: clock.wall, newId, refresh: deliverer.refresh });
  deliveryRoutes(app, { hooks, record, wake: deliverer.wake });
  settledHandler(app, { sidecar, pubsub, clock, hooks, logs, wake: deliverer.wake });
  return app;
}
