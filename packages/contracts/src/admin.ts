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

const orNull = z.iso.datetime().nullable();

/** Response of GET /waiting-orders: the orders whose replies are pending, in this replica. */
export const waitingOrders = z.object({
  /** Order ids in the outbox of this replica. At least the number of its waiting orders, those beyond `loaded` included. */
  stored: z.int().min(0),
  /** Waiting orders in the memory of this replica. The other fields describe these orders. */
  loaded: z.int().min(0),
  channels: z.array(
    z.object({
      channel: z.string(),
      /** Orders whose command was sent, and whose reply is pending. */
      inFlight: z.int().min(0),
      /** Orders whose command waits for a free place in the send window. */
      blocked: z.int().min(0),
      /** Orders whose command was sent too often without a reply. They are retried at longer intervals. */
      parked: z.int().min(0),
      /** When the oldest of these orders was placed. */
      oldest: orNull,
      /** The largest number of times that one of these commands was sent. */
      attempts: z.int().min(0),
      /** When a command without a reply is sent again, unless replies arrive before. */
      nextAttempt: orNull,
    }),
  ),
  /** The oldest orders in memory, at most 100. */
  orders: z
    .array(
      z.object({
        id: orderId,
        /** When the order was placed. */
        since: z.iso.datetime(),
        commands: z.array(
          z.object({
            channel: z.string(),
            state: z.enum(['blocked', 'in-flight', 'parked']),
            /** How often this replica has sent the command since it loaded the order. */
            attempts: z.int().min(0),
            /** When it is retried, if it is parked; otherwise when the oldest command of its lane is sent again. */
            nextAttempt: orNull,
          }),
        ),
      }),
    )
    .max(100),
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
