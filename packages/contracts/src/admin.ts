import { z } from 'zod';
import { orderId } from './ids.ts';

/** Answer of GET /stuck-orders. */
export const stuckOrders = z.object({
  orders: z.array(
    z.object({
      id: orderId,
      /** What it waits for. */
      channels: z.array(z.string()),
      /** How often that was asked for in vain. */
      attempts: z.int().min(1),
      since: z.iso.datetime(),
    }),
  ),
});

/** Answer of POST /orders/{id}/retry. */
export const retried = z.object({ id: orderId, outcome: z.enum(['retried', 'done']) });

const replicaState = z.object({
  /** Seconds; null before the first complete pull. */
  staleness: z.number().nullable(),
  /** Whether orders are decided on it now. */
  fresh: z.boolean(),
  entities: z.int().min(0),
  /** The newest change known of each lane. */
  sequences: z.array(z.int().min(0)),
});

/** Answer of GET /replicas. */
export const replicasState = z.object({ consumer: replicaState, restaurant: replicaState });
