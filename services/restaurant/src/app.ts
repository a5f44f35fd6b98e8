import {
  messageSchema,
  type Restaurant,
  restaurantApi,
  restaurantPatch,
  restaurantRequest,
  topics,
  validationRequest,
} from '@standing-order/contracts';
import { changesRoute } from '@standing-order/platform/changes';
import { type Sidecar, subscribe } from '@standing-order/platform/dapr';
import { answerCommands, type Entities, entityRoutes, validationRoute } from '@standing-order/platform/entities';
import { createApp, type ServiceAppOptions } from '@standing-order/platform/http';
import type { Clock } from '@standing-order/platform/runtime';
import type { Hono } from 'hono';
import { validate } from './validate.ts';

/** Who this service is in its messages, as a URI reference. */
export const SOURCE = '/restaurant';
const topic = topics['restaurant-commands'];

export interface RestaurantParts extends ServiceAppOptions {
  readonly restaurants: Entities<Restaurant>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  newId(): string;
}

/** The service's HTTP side: its restaurants, and what it is asked about them, directly and by message. */
export function restaurantApp({ restaurants, sidecar, pubsub, clock, newId, ...options }: RestaurantParts): Hono {
  const app = createApp(options, restaurantApi);
  entityRoutes(app, {
    path: '/restaurants',
    entities: restaurants,
    request: restaurantRequest,
    patch: restaurantPatch,
    newId,
  });
  validationRoute(app, {
    entities: restaurants,
    question: validationRequest('com.standing-order.validate-order-details.v1'),
    entityOf: ({ restaurantId }) => restaurantId,
    validate,
  });
  changesRoute(app, restaurants);
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
      entities: restaurants,
      entityOf: ({ data }) => data.restaurantId,
      validate: (restaurant, { data }) => validate(restaurant, data),
    }),
  });
  return app;
}
