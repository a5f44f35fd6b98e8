import {
  entityId,
  type Restaurant,
  restaurant,
  restaurantApi,
  restaurantPatch,
  restaurantRequest,
  TOPICS,
} from '@standing-order/contracts';
import type { EntityService } from '@standing-order/entity-store/entities';
import { validateOrderDetails } from '@standing-order/rules/restaurant';

/** Owns restaurants and their menus, and validates and prices the lines of an order. */
export const restaurantService: EntityService<Restaurant, 'com.standing-order.validate-order-details.v1'> = {
  source: '/restaurant',
  api: restaurantApi,
  path: '/restaurants',
  id: entityId,
  prefix: 'r:',
  schema: restaurant,
  request: restaurantRequest,
  patch: restaurantPatch,
  command: 'com.standing-order.validate-order-details.v1',
  commands: TOPICS['restaurant-commands'],
  changes: TOPICS['restaurant-changes'],
  entityOf: ({ restaurantId }) => restaurantId,
  validate: validateOrderDetails,
};
