import {
  type Consumer,
  consumer,
  consumerApi,
  consumerId,
  consumerPatch,
  consumerRequest,
  TOPICS,
} from '@standing-order/contracts';
import type { EntityService } from '@standing-order/entity-store/entities';
import { validateConsumer } from '@standing-order/rules/consumer';
import { mayActFor } from '@standing-order/service-kit/auth';

/** Owns consumers, and validates whether a consumer may order and up to which total. A consumer may read only itself. */
export const consumerService: EntityService<Consumer, 'com.standing-order.validate-consumer-info.v1'> = {
  source: '/consumer',
  api: consumerApi,
  path: '/consumers',
  id: consumerId,
  prefix: 'c:',
  schema: consumer,
  request: consumerRequest,
  patch: consumerPatch,
  mayRead: mayActFor,
  command: 'com.standing-order.validate-consumer-info.v1',
  commands: TOPICS['consumer-commands'],
  changes: TOPICS['consumer-changes'],
  entityOf: (request) => request.consumerId,
  validate: validateConsumer,
};
