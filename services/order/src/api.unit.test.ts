import { orderApi } from '@standing-order/contracts';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { type OrderAppParts, orderApp } from './app.ts';

/** Parts that nobody uses: only the routes count here. */
const app = orderApp({ replicas: { consumer: {}, restaurant: {} } } as unknown as OrderAppParts);

test('every route is described, and everything described has a route', () => {
  expect(compareRoutes(app, orderApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic that is taken is described, and every one described is taken', () => {
  const { handled, described } = compareTopics(app, orderApi);
  expect(handled).toEqual(described);
});

test('every route is found by one regular expression: two that overlap would make each request slower', async () => {
  await app.request('/orders/x');
  expect(app.router.name).toBe('SmartRouter + RegExpRouter');
});
