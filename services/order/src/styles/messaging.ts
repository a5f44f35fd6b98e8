import type { OrderRequest, TraceParent } from '@standing-order/contracts';
import { idFromRequest } from '../domain/identity.ts';
import type { ReplyTo } from '../domain/order.ts';
import { draft, type Placement, type StyleParts, take } from './style.ts';

/** An order that somebody asks for by message. */
export interface Asked {
  readonly request: OrderRequest;
  readonly replyTo: ReplyTo;
  readonly trace: TraceParent | undefined;
}

/**
 * Messaging: the request comes as a message, and so does its outcome.
 *
 * 1. CreateOrder arrives on the request channel, with the client's reply channel and a correlation id (messages/requests.ts).
 * 2. The order is stored PENDING under an id that follows from these two: a request that comes again is the same order.
 * 3. It is validated as in respond-first, by messages.
 * 4. Once it is settled, the outbox sends the outcome to the client's reply channel until the client says that it has it
 *    (messages/commands.ts, messages/replies.ts).
 */
export const messaging =
  (parts: StyleParts) =>
  ({ request, replyTo, trace }: Asked): Promise<Placement> => {
    const client = `channel:${replyTo.client}`;
    const order = draft('messaging', { request, client, idempotencyKey: undefined, trace }, parts);
    return take({ ...order, id: idFromRequest(replyTo), replyTo }, parts);
  };
