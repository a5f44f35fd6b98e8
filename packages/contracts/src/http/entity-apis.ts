import { carriedConsumer, carriedRestaurant } from '../changes.ts';
import { consumer, consumerPatch, consumerRequest } from '../consumer.ts';
import { consumerId, entityId } from '../ids.ts';
import { restaurant, restaurantPatch, restaurantRequest } from '../restaurant.ts';
import { VERDICT_TYPES } from '../validations.ts';
import { type EntityContents, entityOperations, ownerOperations } from './entity-operations.ts';
import type { Api } from './operation.ts';

const ada = { id: 'ada', name: 'Ada', active: true, orderLimit: { amount: 10_000, currency: 'EUR' } };
const consumers: EntityContents = {
  name: 'consumer',
  id: consumerId,
  entity: { name: 'Consumer', schema: consumer, example: ada },
  request: { name: 'ConsumerRequest', schema: consumerRequest, example: ada },
  patch: { name: 'ConsumerPatch', schema: consumerPatch, example: { active: false } },
};

const trattoria = {
  id: 'trattoria',
  name: 'Trattoria',
  open: true,
  currency: 'EUR',
  minimumOrder: 500,
  menu: [{ id: 'soup', name: 'Soup of the day', price: 450, available: true }],
};
const restaurants: EntityContents = {
  name: 'restaurant',
  id: entityId,
  entity: { name: 'Restaurant', schema: restaurant, example: trattoria },
  request: { name: 'RestaurantRequest', schema: restaurantRequest, example: trattoria },
  patch: { name: 'RestaurantPatch', schema: restaurantPatch, example: { open: false } },
};

/** The HTTP API of the consumer service. */
export const consumerApi: Api = {
  service: 'consumer',
  title: 'Standing Order: consumers',
  tag: 'Consumers',
  description: 'Consumers: whether they may order, and up to which total.',
  operations: [
    ...entityOperations(consumers),
    ...ownerOperations(
      consumers,
      { type: 'com.standing-order.validate-consumer-info.v1', example: { consumerId: 'ada' } },
      {
        types: VERDICT_TYPES.consumer,
        example: { type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: ada.orderLimit } },
      },
      carriedConsumer,
    ),
  ],
};

/** The HTTP API of the restaurant service. */
export const restaurantApi: Api = {
  service: 'restaurant',
  title: 'Standing Order: restaurants',
  tag: 'Restaurants',
  description: 'Restaurants: whether they are open, and their menus with prices in minor units.',
  operations: [
    ...entityOperations(restaurants),
    ...ownerOperations(
      restaurants,
      {
        type: 'com.standing-order.validate-order-details.v1',
        example: { restaurantId: 'trattoria', lines: [{ itemId: 'soup', quantity: 2 }] },
      },
      {
        types: VERDICT_TYPES.details,
        example: {
          type: 'com.standing-order.order-details-validated.v1',
          data: {
            lines: [{ itemId: 'soup', name: 'Soup of the day', quantity: 2, unitPrice: 450, amount: 900 }],
            total: { amount: 900, currency: 'EUR' },
          },
        },
      },
      carriedRestaurant,
    ),
  ],
};
