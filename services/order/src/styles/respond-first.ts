import type { OrderRequest, TraceParent } from '@standing-order/contracts';
import type { Accepted, Outbox } from '@standing-order/outbox';
import type { Clock } from '@standing-order/platform/runtime';
import { detached } from '@standing-order/platform/telemetry';
import type { Message } from '../order/decide.ts';
import { fingerprint, idFromKey } from '../order/identity.ts';
import { newOrder, type Order } from '../order/order.ts';

export interface Placing {
  readonly request: OrderRequest;
  readonly client: string;
  readonly idempotencyKey: string | undefined;
  readonly trace: TraceParent | undefined;
}

export interface Placed {
  /** The order's id, also where it is not known whether the order exists. */
  readonly id: string;
  readonly accepted: Accepted<Order>;
}

export interface RespondFirstParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'accept'>;
  readonly clock: Pick<Clock, 'wall'>;
  /** A new UUIDv7. */
  newId(): string;
  /** How long a request waits for its commit, in milliseconds. */
  readonly acceptDeadlineMs: number;
  /** How long an order may stay undecided, in milliseconds; undefined: for ever. */
  readonly decideWithinMs: number | undefined;
}

/**
 * Respond first: the order is taken before anyone is asked about it.
 *
 * 1. The request has been validated as far as its text allows (routes/orders.ts).
 * 2. The order is stored PENDING, in one transaction with the outbox entry that names it; the client has its answer.
 *    Consumer, restaurant and broker may all be down.
 * 3. The outbox sends ValidateConsumerInfo and ValidateOrderDetails until both are answered (messages/commands.ts).
 * 4. The answers come in any order, and settle the order (messages/replies.ts, order/decide.ts).
 */
export function respondFirst(parts: RespondFirstParts): (placing: Placing) => Promise<Placed> {
  return async ({ request, client, idempotencyKey, trace }) => {
    const id = idempotencyKey === undefined ? parts.newId() : idFromKey(client, idempotencyKey);
    const order = newOrder({
      id,
      nonce: parts.newId(),
      fingerprint: fingerprint(request),
      client,
      trace,
      request,
      now: parts.clock.wall(),
      decideWithin: parts.decideWithinMs,
    });
    return { id, accepted: await detached(() => parts.outbox.accept(order, parts.acceptDeadlineMs)) };
  };
}
