import { ProblemError } from '@standing-order/service-kit/http';
import type { Context } from 'hono';
import type { Order } from '../domain/order.ts';
import { receiptOf, viewOf } from '../domain/view.ts';
import type { Placement } from '../styles/style.ts';

const RETRY_AFTER_SECONDS = 2;

const locationOf = (id: string): string => `/orders/${id}`;

/** What the client hears of a placement; throws the problem that it may be. */
export function answerPlacement(c: Context, placement: Placement): Response {
  switch (placement.outcome) {
    case 'taken':
      return c.json(receiptOf(placement.order), 202, { Location: locationOf(placement.order.id) });
    case 'decided':
      return answerDecided(c, placement.order);
    default:
      throw problemOf(placement);
  }
}

/** An order with its verdict: 201 when there is one to be made, 200 when it was taken and then refused, or its time ran out. */
export function answerDecided(c: Context, order: Order): Response {
  return c.json(viewOf(order), order.status === 'VALIDATED' ? 201 : 200, { Location: locationOf(order.id) });
}

function problemOf(placement: Exclude<Placement, { readonly outcome: 'taken' | 'decided' }>): ProblemError {
  switch (placement.outcome) {
    case 'rejected':
      return new ProblemError('order-rejected', {
        detail: 'the order cannot be made; nothing was stored',
        reasons: placement.reasons,
      });
    case 'dependency-unavailable':
      return new ProblemError('unavailable', {
        detail: `cannot be asked now: ${placement.dependencies.join(' and ')}; nothing was stored`,
        dependencies: placement.dependencies,
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'key-reused':
      return new ProblemError('idempotency-key-reused', {
        detail: 'this Idempotency-Key has been used with another body; nothing was stored',
        errors: [{ field: 'Idempotency-Key', detail: 'belongs to another request' }],
      });
    case 'full':
      return new ProblemError('unavailable', {
        detail: 'more orders are waiting than can be looked after; nothing was stored',
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unsent':
      return new ProblemError('unavailable', {
        detail: 'the order could not be handed to the state store in time; nothing was stored',
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unknown':
      return new ProblemError('outcome-unknown', {
        detail: `the state store has not confirmed the order; ${locationOf(placement.id)} will tell whether it was taken`,
        location: locationOf(placement.id),
        retryAfter: RETRY_AFTER_SECONDS,
      });
    case 'unstorable':
      return new ProblemError('internal-error', {
        detail: 'the state store does not accept this order; nothing was stored',
      });
  }
}
