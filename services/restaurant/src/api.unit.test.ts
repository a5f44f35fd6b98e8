import { type Restaurant, restaurantApi } from '@standing-order/contracts';
import { type ValidatorParts, validatorApp } from '@standing-order/entity-store/entities';
import { routesBeside, topicsBeside } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { restaurantService } from './restaurant.ts';

/** Parts that nobody uses: only the routes count here. */
const app = validatorApp(restaurantService, { entities: {} } as unknown as ValidatorParts<Restaurant>);

test('every route is described, and everything described has a route', () => {
  expect(routesBeside(app, restaurantApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic that is taken is described, and every one described is taken', () => {
  const { taken, described } = topicsBeside(app, restaurantApi);
  expect(taken).toEqual(described);
});
