import type { Hono } from 'hono';
import type { ConsumerCopy, RestaurantCopy } from '../local-copies/local-copies.ts';

export interface LocalCopyStates {
  readonly consumer: Pick<ConsumerCopy, 'state'>;
  readonly restaurant: Pick<RestaurantCopy, 'state'>;
}

/** Adds GET /replicas: the local copies of this process, and their maximum age. */
export function addLocalCopyRoutes(app: Hono, { consumer, restaurant }: LocalCopyStates): void {
  app.get('/replicas', (c) => c.json({ consumer: consumer.state(), restaurant: restaurant.state() }));
}
