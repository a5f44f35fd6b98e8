import { z } from 'zod';
import { orderId } from './ids.ts';

/** Response of GET /stuck-orders: the parked orders. */
export const parkedOrders = z.object({
  orders: z.array(
    z.object({
      id: orderId,
      /** The channels whose replies are pending. */
      channels: z.array(z.string()),
      /** Number of commands sent without a reply. */
      attempts: z.int().min(1),
      since: z.iso.datetime(),
    }),
  ),
});

/** Response of POST /orders/{id}/retry. */
export const retryResult = z.object({ id: orderId, outcome: z.enum(['retried', 'done']) });

const localCopyState = z.object({
  /** Age in seconds; null before the first complete pull. */
  staleness: z.number().nullable(),
  /** Whether orders are currently decided on it. */
  fresh: z.boolean(),
  entities: z.int().min(0),
  /** Number of the newest change of each lane. */
  sequences: z.array(z.int().min(0)),
});

/** Response of GET /replicas: the local copies. */
export const localCopiesState = z.object({ consumer: localCopyState, restaurant: localCopyState });
