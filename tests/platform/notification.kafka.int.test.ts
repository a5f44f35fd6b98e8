// @module-tag postgres
// @module-tag kafka
// @module-tag java
import { shopSubscription, useShop } from '../support/shop.ts';
import { useWebhooks } from '../support/webhooks.ts';
import { useWorld } from '../support/world.ts';
import { everySettledOrderArrives } from './notification.ts';

// Both of the other backends at once, and several deaths at a time: what has to hold is the same, and this is quicker.
const world = useWorld(() => ({
  broker: 'kafka',
  store: 'postgresql',
  replicas: { order: 2, notification: 2 },
  env: { order: { STYLE_OVERRIDE: 'allowed' } },
  resources: (resources) => [...resources, shopSubscription],
}));

everySettledOrderArrives(world, useShop(world), useWebhooks(world), [
  ['the notification and the order service', ['notification-1', 'notification-2', 'order-1', 'order-2']],
  ['the sidecar of the notification service', ['notification-1-dapr', 'notification-2-dapr']],
  ['the broker and the state store', ['kafka', 'postgresql']],
]);
