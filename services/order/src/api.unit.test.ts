import { orderApi } from '@standing-order/contracts';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { type OrderAppParts, orderApp } from './app.ts';

/** The tests only read the routes; no part is used. */
const app = orderApp({ styles: {}, localCopies: { consumer: {}, restaurant: {} } } as unknown as OrderAppParts);

test('the routes are those of the OpenAPI description', () => {
  expect(compareRoutes(app, orderApi)).toEqual({ undescribed: [], unserved: [] });
});

test('the subscriptions are those of the description', () => {
  const { handled, described } = compareTopics(app, orderApi);
  expect(handled).toEqual(described);
});

test('all routes are matched by one regular expression; overlapping routes would slow down each request', async () => {
  await app.request('/orders/x');
  expect(app.router.name).toBe('SmartRouter + RegExpRouter');
});
