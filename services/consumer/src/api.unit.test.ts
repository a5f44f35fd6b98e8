import { type Consumer, consumerApi } from '@standing-order/contracts';
import { type EntityServiceParts, entityServiceApp } from '@standing-order/entity-store/entities';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { consumerService } from './consumer.ts';

/** Parts that nobody uses: only the routes count here. */
const app = entityServiceApp(consumerService, { entities: {} } as unknown as EntityServiceParts<Consumer>);

test('every route is described, and everything described has a route', () => {
  expect(compareRoutes(app, consumerApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic that is taken is described, and every one described is taken', () => {
  const { taken, described } = compareTopics(app, consumerApi);
  expect(taken).toEqual(described);
});
