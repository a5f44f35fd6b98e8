import { messageSchema, TOPICS } from '@standing-order/contracts';
import { type Sidecar, subscribe } from '@standing-order/dapr';
import type { Hono } from 'hono';
import type { Some } from '../local-copies/replicas.ts';
import { SOURCE } from '../outbox/commands.ts';

export interface ChangesParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly replicas: Some<'hear'>;
}

/**
 * Adds the handlers of `consumer-changes` and `restaurant-changes`. An event comes to one replica of this service only; it is
 * a hint that shows a change sooner here, while the truth is pulled (docs/adr/0013). So it is never delivered again.
 */
export function changesHandler(app: Hono, { sidecar, pubsub, replicas }: ChangesParts): void {
  const from = { sidecar, pubsub, source: SOURCE };
  const consumers = TOPICS['consumer-changes'];
  subscribe(app, {
    ...from,
    topic: consumers,
    schema: messageSchema(consumers.types),
    async handle(batch) {
      for (const { message } of batch) replicas.consumer.hear(message.data);
      return batch.map(() => 'success');
    },
  });
  const restaurants = TOPICS['restaurant-changes'];
  subscribe(app, {
    ...from,
    topic: restaurants,
    schema: messageSchema(restaurants.types),
    async handle(batch) {
      for (const { message } of batch) replicas.restaurant.hear(message.data);
      return batch.map(() => 'success');
    },
  });
}
