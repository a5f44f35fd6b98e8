import { messageSchema, TOPICS } from '@standing-order/contracts';
import { type Sidecar, subscribe } from '@standing-order/dapr';
import type { Hono } from 'hono';
import type { ConsumerCopy, RestaurantCopy } from '../local-copies/local-copies.ts';
import { SOURCE } from '../outbox/command-transport.ts';

export interface ChangesParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly localCopies: {
    readonly consumer: Pick<ConsumerCopy, 'applyEvent'>;
    readonly restaurant: Pick<RestaurantCopy, 'applyEvent'>;
  };
}

/**
 * Subscribes to `consumer-changes` and `restaurant-changes`. The broker delivers an event to one replica of this service. It
 * only makes a change visible sooner there: every replica pulls all changes (ADR 0034). So no event is delivered again.
 */
export function subscribeToChanges(app: Hono, { sidecar, pubsub, localCopies }: ChangesParts): void {
  const common = { sidecar, pubsub, source: SOURCE };
  const consumers = TOPICS['consumer-changes'];
  subscribe(app, {
    ...common,
    topic: consumers,
    schema: messageSchema(consumers.types),
    async handle(batch) {
      for (const { message } of batch) localCopies.consumer.applyEvent(message.data);
      return batch.map(() => 'success');
    },
  });
  const restaurants = TOPICS['restaurant-changes'];
  subscribe(app, {
    ...common,
    topic: restaurants,
    schema: messageSchema(restaurants.types),
    async handle(batch) {
      for (const { message } of batch) localCopies.restaurant.applyEvent(message.data);
      return batch.map(() => 'success');
    },
  });
}
