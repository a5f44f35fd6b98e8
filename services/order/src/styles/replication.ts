import { validateConsumer } from '@standing-order/rules/consumer';
import { validateOrderDetails } from '@standing-order/rules/restaurant';
import { evaluate } from '../domain/decide.ts';
import { toVerdict } from '../domain/verdict.ts';
import type { ConsumerCopy, RestaurantCopy } from '../local-copies/local-copies.ts';
import {
  findExistingOrder,
  type LookupStyleParts,
  newPendingOrder,
  type PlaceOrder,
  refuseUnlessStored,
  storeOrder,
} from './place-order.ts';

export interface ReplicationParts extends LookupStyleParts {
  readonly localCopies: {
    readonly consumer: Pick<ConsumerCopy, 'find'>;
    readonly restaurant: Pick<RestaurantCopy, 'find'>;
  };
  /** Places the orders that cannot be decided on local copies. */
  readonly fallback: PlaceOrder;
}

/**
 * Replication: the order service decides alone, on its local copies of consumers and restaurants.
 *
 * 1. A repeated request, by its Idempotency-Key, gets the response of the first one.
 * 2. If a local copy is older than its limit, or does not have the consumer or the restaurant, the order is placed as in
 *    respond-first: the owners of the data decide.
 * 3. Otherwise the owners' rules are applied to the local copies. No service is called; both may be down.
 * 4. A rejected order is not stored. A valid order is stored with its verdict.
 */
export const replication =
  (parts: ReplicationParts): PlaceOrder =>
  async (command) => {
    const order = newPendingOrder('replication', command, parts);
    const earlier = await findExistingOrder(order, command, parts.outbox);
    if (earlier) return earlier;

    const { request } = order;
    const consumer = parts.localCopies.consumer.find(request.consumerId);
    const restaurant = parts.localCopies.restaurant.find(request.restaurantId);
    if (!consumer || !restaurant) return parts.fallback(command);

    const decided = evaluate(
      order,
      toVerdict(validateConsumer(consumer, request)),
      toVerdict(validateOrderDetails(restaurant, request)),
      parts.clock.wall(),
    );
    return decided.status === 'REJECTED'
      ? refuseUnlessStored({ outcome: 'rejected', reasons: decided.reasons }, order, command, parts.outbox)
      : storeOrder(decided, parts);
  };
