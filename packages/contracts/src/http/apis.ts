import type { Topic } from '../topics.ts';
import { consumerApi, restaurantApi } from './entity-apis.ts';
import type { Api } from './operation.ts';
import { orderApi } from './orders.ts';
import { notificationApi } from './webhooks.ts';

/** The HTTP APIs of all services, by service. */
export const APIS: Readonly<Record<string, Api>> = {
  order: orderApi,
  consumer: consumerApi,
  restaurant: restaurantApi,
  notification: notificationApi,
} satisfies Record<Topic['subscriber'], Api>;
