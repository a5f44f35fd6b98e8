import { callerOf, forbidden, identifiedCaller, mayActFor } from '@standing-order/service-kit/auth';
import { ProblemError } from '@standing-order/service-kit/http';
import type { Context } from 'hono';
import type { Order } from '../domain/order.ts';
import type { OrderReader } from '../domain/ports.ts';

/** Throws unless the caller is this consumer, or an admin. The problem does not reveal whether the consumer exists. */
export function requireConsumer(c: Context, consumerId: string): void {
  if (!mayActFor(callerOf(c), consumerId)) throw forbidden('the resource belongs to another consumer');
}

/**
 * Reads an order of the caller. The order of another consumer gets the same response as an order that does not exist, so
 * that a caller cannot find out which ids exist.
 */
export async function readOwnOrder(c: Context, outbox: OrderReader, id: string): Promise<Order> {
  const order = await outbox.read(id);
  if (order && mayActFor(callerOf(c), order.request.consumerId)) return order;
  throw new ProblemError('not-found', { detail: `order ${id} does not exist` });
}

/**
 * The key under which the streams and waits of a caller are counted: its subject. Without authentication all callers look the
 * same, so those of a resource are counted.
 */
export const callerKey = (c: Context, resource: string): string => identifiedCaller(c)?.client ?? resource;
