import { type Consumer, consumerApi } from '@standing-order/contracts';
import { type ValidatorParts, validatorApp } from '@standing-order/entity-store/entities';
import { routesBeside, topicsBeside } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { consumerService } from './consumer.ts';

/** Parts that nobody uses: only the routes count here. */
const app = validatorApp(consumerService, { entities: {} } as unknown as ValidatorParts<Consumer>);

test('every route is described, and everything described has a route', () => {
  expect(routesBeside(app, consumerApi)).toEqual({ undescribed: [], unserved: [] });
});

test('every topic that is taken is described, and every one described is taken', () => {
  const { taken, described } = topicsBeside(app, consumerApi);
  expect(taken).toEqual(described);
});
