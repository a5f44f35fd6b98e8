import {
  type Consumer,
  consumer,
  consumerApi,
  consumerPatch,
  consumerRequest,
  topics,
} from '@standing-order/contracts';
import type { Validator } from '@standing-order/entity-store/entities';
import { validate } from '@standing-order/rules/consumer';
import { mayActFor } from '@standing-order/service-kit/auth';

/** Owns consumers, and says who may order and how much. A consumer sees itself only. */
export const consumerService: Validator<Consumer, 'com.standing-order.validate-consumer-info.v1'> = {
  source: '/consumer',
  api: consumerApi,
  path: '/consumers',
  prefix: 'c:',
  schema: consumer,
  request: consumerRequest,
  patch: consumerPatch,
  mayRead: mayActFor,
  command: 'com.standing-order.validate-consumer-info.v1',
  commands: topics['consumer-commands'],
  changes: topics['consumer-changes'],
  entityOf: ({ consumerId }) => consumerId,
  validate,
};
