import { consumerApi, restaurantApi } from '../src/http/entity-apis.ts';
import type { Api } from '../src/http/operation.ts';
import { orderApi } from '../src/http/orders.ts';
import { notificationApi } from '../src/http/webhooks.ts';
import type { Topic } from '../src/topics.ts';

/** The HTTP APIs of all services, by service. */
export const APIS: Readonly<Record<string, Api>> = {
  order: orderApi,
  consumer: consumerApi,
  restaurant: restaurantApi,
  notification: notificationApi,
} satisfies Record<Topic['subscriber'], Api>;
