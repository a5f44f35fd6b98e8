import { ProblemError } from '@standing-order/service-kit/http';
import type { Context } from 'hono';
import type { Order } from '../domain/order.ts';
import { receiptOf, viewOf } from '../domain/view.ts';
import type { PlaceOrderResult } from '../styles/place-order.ts';

const RETRY_AFTER_SECONDS = 2;

const locationOf = (id: string): string => `/orders/${id}`;

/** The response to POST /orders. Throws the problem of a result without an order. */
export function respondToPlaceOrder(c: Context, result: PlaceOrderResult): Response {
  switch (result.outcome) {
    case 'taken':
      return c.json(receiptOf(result.order), 202, { Location: locationOf(result.order.id) });
    case 'decided':
      return respondDecided(c, result.order);
    default:
      throw problemOf(result);
  }
}

/** The response with a decided order: 201 when it is VALIDATED, 200 when it was stored and then REJECTED or EXPIRED. */
export function respondDecided(c: Context, order: Order): Response {
  return c.json(viewOf(order), order.status === 'VALIDATED' ? 201 : 200, { Location: locationOf(order.id) });
}

function problemOf(result: Exclude<PlaceOrderResult, { readonly outcome: 'taken' | 'decided' }>): ProblemError {
  switch (result.outcome) {
    case 'rejected':
      return new ProblemError('order-rejected', {
        detail: 'the order was rejected; no order was stored',
        reasons: result.reasons,
      });
    case 'dependency-unavailable':
      return new ProblemError('unavailable', {
        detail: `${result.dependencies.join(' and ')} ${result.dependencies.length > 1 ? 'are' : 'is'} unavailable; no order was stored`,
        dependencies: result.dependencies,
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'key-reused':
      return new ProblemError('idempotency-key-reused', {
        detail: 'the Idempotency-Key was used with another request body; no order was stored',
        errors: [{ field: 'Idempotency-Key', detail: 'belongs to another request' }],
      });
    case 'full':
      return new ProblemError('unavailable', {
        detail: 'too many orders are open; no order was stored',
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unwritable':
      return new ProblemError('unavailable', {
        detail: 'the state store accepts no writes; no order was stored',
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unsent':
      return new ProblemError('unavailable', {
        detail: 'the order could not be sent to the state store in time; no order was stored',
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unknown':
      return new ProblemError('outcome-unknown', {
        detail: `the state store has not confirmed the order; GET ${locationOf(result.id)} shows whether it was stored`,
        location: locationOf(result.id),
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unstorable':
      return new ProblemError('internal-error', {
        detail: 'the state store does not accept this order; no order was stored',
      });
  }
}
