import { type Consumer, consumerApi } from '@standing-order/contracts';
import { type EntityServiceParts, entityServiceApp } from '@standing-order/entity-store/entities';
import { compareRoutes, compareTopics } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { consumerService } from './consumer.ts';

/** An application without working parts: the tests only compare its routes. */
const app = entityServiceApp(consumerService, { entities: {} } as unknown as EntityServiceParts<Consumer>);

test('every route is described, and every operation has a route', () => {
  expect(compareRoutes(app, consumerApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic with a handler is described, and every described topic has a handler', () => {
  const { handled, described } = compareTopics(app, consumerApi);
  expect(handled).toEqual(described);
});
