import { newPendingOrder, type PlaceOrder, type StyleParts, storeOrder } from './place-order.ts';

/**
 * Respond first: the order is stored, and the client has its response, before any other service is involved.
 *
 * 1. The text of the request has been validated (http/parse-place-order.ts).
 * 2. The order is stored PENDING, in one transaction with the outbox entry that names it. Then the client gets its response.
 *    Consumer service, restaurant service and broker may all be down.
 * 3. The outbox sends ValidateConsumerInfo and ValidateOrderDetails until both have a reply (outbox/command-transport.ts).
 * 4. The verdicts arrive in any order and decide the order (messaging/replies.ts, domain/decide.ts).
 */
export const respondFirst =
  (parts: StyleParts): PlaceOrder =>
  (command) =>
    storeOrder(newPendingOrder('respond-first', command, parts), parts);
