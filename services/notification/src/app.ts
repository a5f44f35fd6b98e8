import { notificationApi } from '@standing-order/contracts';
import type { Sidecar } from '@standing-order/dapr';
import { createApp, type ServiceAppOptions } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';
import type { Deliverer } from './delivery/deliverer.ts';
import type { DeliveryRecord } from './delivery/record.ts';
import type { UrlPolicy } from './delivery/url.ts';
import { settledHandler } from './events/settled.ts';
import type { Hooks } from './hooks/hooks.ts';
import { deliveryRoutes } from './http/deliveries.ts';
import { webhookRoutes } from './http/webhooks.ts';
import type { Logs } from './logs.ts';

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
