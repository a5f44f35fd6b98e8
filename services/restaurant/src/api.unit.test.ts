import { type Restaurant, restaurantApi } from '@standing-order/contracts';
import { type EntityServiceParts, entityServiceApp } from '@standing-order/entity-store/entities';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { restaurantService } from './restaurant.ts';

/** Parts that nobody uses: only the routes count here. */
const app = entityServiceApp(restaurantService, { entities: {} } as unknown as EntityServiceParts<Restaurant>);

test('every route is described, and everything described has a route', () => {
  expect(compareRoutes(app, restaurantApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic that is taken is described, and every one described is taken', () => {
  const { taken, described } = compareTopics(app, restaurantApi);
  expect(taken).toEqual(described);
});
