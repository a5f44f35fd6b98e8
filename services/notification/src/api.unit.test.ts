import { notificationApi } from '@standing-order/contracts';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { type NotificationAppOptions, notificationApp } from './app.ts';

/** Without working options: the tests only inspect the routes. */
const app = notificationApp({ clock: {}, deliveryManager: {} } as unknown as NotificationAppOptions);

test('each route has an OpenAPI description, and each described route exists', () => {
  expect(compareRoutes(app, notificationApi)).toEqual({ undescribed: [], unserved: [] });
});

test('each subscribed topic has an AsyncAPI description, and each described topic is subscribed to', () => {
  const { handled, described } = compareTopics(app, notificationApi);
  expect(handled).toEqual(described);
});
