import {
  type Consumer,
  consumer,
  consumerApi,
  consumerPatch,
  consumerRequest,
  topics,
} from '@standing-order/contracts';
import { mayActFor } from '@standing-order/platform/auth';
import type { Validator } from '@standing-order/platform/entities';
import { validate } from './validate.ts';

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
