import { asyncApiOf, type Consumer, consumerApi } from '@standing-order/contracts';
import { type ValidatorParts, validatorApp } from '@standing-order/platform/entities';
import { deliveredTopics, routesBeside } from '@standing-order/platform/http';
import { expect, test } from 'vitest';
import { consumerService } from './consumer.ts';

/** Parts that nobody uses: only the routes count here. */
const app = validatorApp(consumerService, { entities: {} } as unknown as ValidatorParts<Consumer>);

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
