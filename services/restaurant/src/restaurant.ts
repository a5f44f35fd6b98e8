import {
  type Restaurant,
  restaurant,
  restaurantApi,
  restaurantPatch,
  restaurantRequest,
  topics,
} from '@standing-order/contracts';
import type { Validator } from '@standing-order/entity-store/entities';
import { validate } from '@standing-order/rules/restaurant';

/** Owns restaurants and their menus, and says what can be ordered and what it costs. */
export const restaurantService: Validator<Restaurant, 'com.standing-order.validate-order-details.v1'> = {
  source: '/restaurant',
  api: restaurantApi,
  path: '/restaurants',
  prefix: 'r:',
  schema: restaurant,
  request: restaurantRequest,
  patch: restaurantPatch,
  command: 'com.standing-order.validate-order-details.v1',
  commands: topics['restaurant-commands'],
  changes: topics['restaurant-changes'],
  entityOf: ({ restaurantId }) => restaurantId,
  validate,
};
