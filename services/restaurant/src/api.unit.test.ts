import { type Restaurant, restaurantApi } from '@standing-order/contracts';
import { type EntityServiceParts, entityServiceApp } from '@standing-order/entity-store/entities';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { restaurantService } from './restaurant.ts';

/** An application without working parts: the tests only compare its routes. */
const app = entityServiceApp(restaurantService, { entities: {} } as unknown as EntityServiceParts<Restaurant>);

test('every route is described, and every operation has a route', () => {
  expect(compareRoutes(app, restaurantApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic with a handler is described, and every described topic has a handler', () => {
  const { handled, described } = compareTopics(app, restaurantApi);
  expect(handled).toEqual(described);
});
