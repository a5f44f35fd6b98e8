import type { Topic } from '../topics.ts';
import { consumerApi, restaurantApi } from './catalogue.ts';
import type { Api } from './operation.ts';
import { orderApi } from './orders.ts';
import { notificationApi } from './webhooks.ts';

/** What every service offers by HTTP. */
export const APIS: Readonly<Record<string, Api>> = {
  order: orderApi,
  consumer: consumerApi,
  restaurant: restaurantApi,
  notification: notificationApi,
} satisfies Record<Topic['subscriber'], Api>;
