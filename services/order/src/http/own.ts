import type { Outbox } from '@standing-order/outbox';
import { callerOf, forbidden, mayActFor } from '@standing-order/service-kit/auth';
import { ProblemError } from '@standing-order/service-kit/http';
import type { Context } from 'hono';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';

/** Throws unless the caller is this consumer, or an admin. Says nothing of whether there is one. */
export function demandOwn(c: Context, consumerId: string): void {
  if (!mayActFor(callerOf(c), consumerId)) throw forbidden('this belongs to another consumer');
}

/**
 * An order of the caller's own. Somebody else's is answered like one that is not there, so that nobody learns which ids there
 * are.
 */
export async function ownOrder(c: Context, outbox: Pick<Outbox<Order, Message>, 'read'>, id: string): Promise<Order> {
  const order = await outbox.read(id);
  if (order && mayActFor(callerOf(c), order.request.consumerId)) return order;
  throw new ProblemError('not-found', { detail: `there is no order ${id}` });
}
