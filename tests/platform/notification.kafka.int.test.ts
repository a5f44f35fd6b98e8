// @module-tag postgres
// @module-tag kafka
// @module-tag java

import { usePlatform } from '../support/platform-fixture.ts';
import { shopSubscription, useShop } from '../support/shop.ts';
import { useWebhooks } from '../support/webhooks.ts';
import { everyDecidedOrderArrives } from './notification.ts';

// Both other backends and several kills at once: the requirement is the same, and the test is shorter.
const fixture = usePlatform(() => ({
  broker: 'kafka',
  store: 'postgresql',
  replicas: { order: 2, notification: 2 },
  env: { order: { STYLE_OVERRIDE: 'allowed' } },
  resources: (resources) => [...resources, shopSubscription],
}));

everyDecidedOrderArrives(fixture, useShop(fixture), useWebhooks(fixture), [
  ['the notification and the order service', ['notification-1', 'notification-2', 'order-1', 'order-2']],
  ['the sidecar of the notification service', ['notification-1-dapr', 'notification-2-dapr']],
  ['the broker and the state store', ['kafka', 'postgresql']],
]);
