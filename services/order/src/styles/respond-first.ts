import { draft, type PlaceOrder, type StyleParts, take } from './place-order.ts';

/**
 * Respond first: the order is taken before anyone is asked about it.
 *
 * 1. The request has been validated as far as its text allows (routes/orders.ts).
 * 2. The order is stored PENDING, in one transaction with the outbox entry that names it; the client has its answer.
 *    Consumer, restaurant and broker may all be down.
 * 3. The outbox sends ValidateConsumerInfo and ValidateOrderDetails until both are answered (messages/commands.ts).
 * 4. The answers come in any order, and settle the order (messages/replies.ts, order/decide.ts).
 */
export const respondFirst =
  (parts: StyleParts): PlaceOrder =>
  (placing) =>
    take(draft('respond-first', placing, parts), parts);
