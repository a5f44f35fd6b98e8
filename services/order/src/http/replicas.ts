import type { Hono } from 'hono';
import type { Some } from '../local-copies/replicas.ts';

/** Adds GET /replicas: what this process knows of consumers and restaurants, and how stale that can be at most. */
export function replicaRoutes(app: Hono, { consumer, restaurant }: Some<'state'>): void {
  app.get('/replicas', (c) => c.json({ consumer: consumer.state(), restaurant: restaurant.state() }));
}
