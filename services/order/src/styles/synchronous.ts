import { evaluate } from '../domain/decide.ts';
import { isAsOrdered } from '../domain/ordered-lines.ts';
import { toVerdict } from '../domain/verdict.ts';
import {
  type Dependency,
  findExistingOrder,
  type LookupStyleParts,
  newPendingOrder,
  type PlaceOrder,
  type PlaceOrderResult,
  refuseUnlessStored,
  storeOrder,
} from './place-order.ts';
import type { Validators } from './validators.ts';

export interface SynchronousParts extends LookupStyleParts {
  readonly validators: Validators;
}

/**
 * Synchronous: both services validate the order before it is stored.
 *
 * 1. A repeated request, by its Idempotency-Key, gets the response of the first one. The services are not called again.
 * 2. The consumer and the restaurant service are called concurrently. If one does not respond, or with prices for another
 *    order, there is no verdict and no order.
 * 3. A rejected order is not stored.
 * 4. A valid order is stored with its verdict. If another request with the same key stored its order first, that order is
 *    the result, also for a request that would be rejected.
 */
export const synchronous =
  (parts: SynchronousParts): PlaceOrder =>
  async (command) => {
    const order = newPendingOrder('synchronous', command, parts);
    const earlier = await findExistingOrder(order, command, parts.outbox);
    if (earlier) return earlier;

    const [consumer, details] = await Promise.all([
      parts.validators.consumer(order.request),
      parts.validators.details(order.request),
    ]);
    const refuse = (refusal: PlaceOrderResult) => refuseUnlessStored(refusal, order, command, parts.outbox);
    const restaurant = details && isAsOrdered(order, toVerdict(details)) ? details : undefined;
    if (!consumer || !restaurant) return refuse(unavailable({ consumer, restaurant }));

    const decided = evaluate(order, toVerdict(consumer), toVerdict(restaurant), parts.clock.wall());
    return decided.status === 'REJECTED'
      ? refuse({ outcome: 'rejected', reasons: decided.reasons })
      : storeOrder(decided, parts);
  };

function unavailable(verdicts: Record<Dependency, unknown>): PlaceOrderResult {
  const dependencies = (Object.keys(verdicts) as Dependency[]).filter((name) => verdicts[name] === undefined);
  return { outcome: 'dependency-unavailable', dependencies };
}
