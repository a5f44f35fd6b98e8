import type { Outbox } from '@standing-order/outbox';
import { validate as validateConsumer } from '@standing-order/rules/consumer';
import { validate as validateDetails } from '@standing-order/rules/restaurant';
import { asAnswer } from '../domain/answers.ts';
import { decideAtOnce, type Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import type { Some } from '../local-copies/replicas.ts';
import { draft, madeBefore, type PlaceOrder, type StyleParts, take, unlessMade } from './style.ts';

export interface ReplicationParts extends StyleParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'store' | 'read'>;
  readonly replicas: Some<'find'>;
  /** Takes the orders that cannot be decided here. */
  readonly otherwise: PlaceOrder;
}

/**
 * Replication: the order service decides alone, on its own copies of what consumer and restaurant know.
 *
 * 1. A request that was made before, by its Idempotency-Key, is answered as it was then.
 * 2. If a copy is older than the bound, or holds no such consumer or restaurant, nothing is concluded from it: the order is
 *    taken as in respond-first, and its owners decide.
 * 3. Otherwise the owners' own rules are applied to the copies, at once. Nobody is asked; both may be down.
 * 4. A refusal leaves nothing behind. An order that is valid is stored with its verdict.
 */
export const replication =
  (parts: ReplicationParts): PlaceOrder =>
  async (placing) => {
    const order = draft('replication', placing, parts);
    const earlier = await madeBefore(order, placing, parts.outbox);
    if (earlier) return earlier;

    const { request } = order;
    const consumer = parts.replicas.consumer.find(request.consumerId);
    const restaurant = parts.replicas.restaurant.find(request.restaurantId);
    if (!consumer || !restaurant) return parts.otherwise(placing);

    const decided = decideAtOnce(
      order,
      asAnswer(validateConsumer(consumer, request)),
      asAnswer(validateDetails(restaurant, request)),
      parts.clock.wall(),
    );
    return decided.status === 'REJECTED'
      ? unlessMade({ outcome: 'rejected', reasons: decided.reasons }, order, placing, parts.outbox)
      : take(decided, parts);
  };
