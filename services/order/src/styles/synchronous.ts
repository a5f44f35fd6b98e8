import type { Outbox } from '@standing-order/outbox';
import { asAnswer } from '../domain/answers.ts';
import { decideAtOnce, type Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import type { Validators } from '../validators.ts';
import {
  type Dependency,
  draft,
  madeBefore,
  type Placement,
  type PlaceOrder,
  type StyleParts,
  take,
  unlessMade,
} from './style.ts';

export interface SynchronousParts extends StyleParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'store' | 'read'>;
  readonly validators: Validators;
}

/**
 * Synchronous: whoever has a say is asked before the order is taken.
 *
 * 1. A request that was made before, by its Idempotency-Key, is answered as it was then; nobody is asked again.
 * 2. Consumer and restaurant are asked at the same time. If one cannot be asked, there is no order and no verdict.
 * 3. A refusal leaves nothing behind.
 * 4. An order that is valid is stored with its verdict. If another request with its key was faster, that one counts, also
 *    for those that would be refused.
 */
export const synchronous =
  (parts: SynchronousParts): PlaceOrder =>
  async (placing) => {
    const order = draft('synchronous', placing, parts);
    const earlier = await madeBefore(order, placing, parts.outbox);
    if (earlier) return earlier;

    const [consumer, details] = await Promise.all([
      parts.validators.consumer(order.request),
      parts.validators.details(order.request),
    ]);
    const refuse = (refusal: Placement) => unlessMade(refusal, order, placing, parts.outbox);
    if (!consumer || !details) return refuse(unavailable({ consumer, restaurant: details }));

    const decided = decideAtOnce(order, asAnswer(consumer), asAnswer(details), parts.clock.wall());
    return decided.status === 'REJECTED'
      ? refuse({ outcome: 'rejected', reasons: decided.reasons })
      : take(decided, parts);
  };

function unavailable(verdicts: Record<Dependency, unknown>): Placement {
  const dependencies = (Object.keys(verdicts) as Dependency[]).filter((name) => verdicts[name] === undefined);
  return { outcome: 'dependency-unavailable', dependencies };
}
