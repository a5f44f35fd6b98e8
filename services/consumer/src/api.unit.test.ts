import { asyncApiOf, consumerApi } from '@standing-order/contracts';
import { deliveredTopics, routesBeside } from '@standing-order/platform/http';
import { expect, test } from 'vitest';
import { type ConsumerParts, consumerApp } from './app.ts';

/** Parts that nobody uses: only the routes count here. */
const app = consumerApp({ consumers: {} } as unknown as ConsumerParts);

test('every route is described, and everything described has a route', () => {
  expect(routesBeside(app, consumerApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic that is taken is described, and every one described is taken', () => {
  const { operations } = asyncApiOf(consumerApi.service);
  const described = Object.keys(operations).filter((name) => name.startsWith('receive-'));
  expect(
    deliveredTopics(app)
      .map((topic) => `receive-${topic}`)
      .toSorted(),
  ).toEqual(described.toSorted());
});
