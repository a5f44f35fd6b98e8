import {
  type Consumer,
  consumerApi,
  consumerPatch,
  consumerRequest,
  messageSchema,
  topics,
  validationRequest,
} from '@standing-order/contracts';
import { mayActFor } from '@standing-order/platform/auth';
import { changesRoute } from '@standing-order/platform/changes';
import { type Sidecar, subscribe } from '@standing-order/platform/dapr';
import { answerCommands, type Entities, entityRoutes, validationRoute } from '@standing-order/platform/entities';
import { createApp, type ServiceAppOptions } from '@standing-order/platform/http';
import type { Clock } from '@standing-order/platform/runtime';
import type { Hono } from 'hono';
import { validate } from './validate.ts';

/** Who this service is in its messages, as a URI reference. */
export const SOURCE = '/consumer';
const topic = topics['consumer-commands'];

export interface ConsumerParts extends ServiceAppOptions {
  readonly consumers: Entities<Consumer>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  newId(): string;
}

/** The service's HTTP side: its consumers, and what it is asked about them, directly and by message. */
export function consumerApp({ consumers, sidecar, pubsub, clock, newId, ...options }: ConsumerParts): Hono {
  const app = createApp(options, consumerApi);
  entityRoutes(app, {
    path: '/consumers',
    entities: consumers,
    request: consumerRequest,
    patch: consumerPatch,
    newId,
    mayRead: mayActFor,
  });
  validationRoute(app, {
    entities: consumers,
    question: validationRequest('com.standing-order.validate-consumer-info.v1'),
    entityOf: ({ consumerId }) => consumerId,
    validate,
  });
  changesRoute(app, consumers);
  subscribe(app, {
    sidecar,
    pubsub,
    topic: topic.name,
    deadLetter: topic.deadLetter,
    source: SOURCE,
    schema: messageSchema(topic.types),
    handle: answerCommands({
      sidecar,
      pubsub,
      source: SOURCE,
      clock,
      entities: consumers,
      entityOf: ({ data }) => data.consumerId,
      validate: (consumer, { data }) => validate(consumer, data),
    }),
  });
  return app;
}
