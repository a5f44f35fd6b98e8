import { notificationApi } from '@standing-order/contracts';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { type NotificationParts, notificationApp } from './app.ts';

/** Parts that nobody uses: only the routes count here. */
const app = notificationApp({ clock: {}, deliverer: {} } as unknown as NotificationParts);

test('every route is described, and everything described has a route', () => {
  expect(compareRoutes(app, notificationApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic that is taken is described, and every one described is taken', () => {
  const { handled, described } = compareTopics(app, notificationApi);
  expect(handled).toEqual(described);
});
