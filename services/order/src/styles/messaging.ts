import { newPendingOrder, type PlaceOrder, type StyleParts, storeOrder } from './place-order.ts';

/**
 * Messaging: the request arrives as a message, and the outcome is sent as a message.
 *
 * 1. CreateOrder arrives on the request channel with the client's reply channel and a correlation id
 *    (messaging/order-requests.ts).
 * 2. The order is stored PENDING. Its id is derived from these two, so a request that arrives again is the same order.
 * 3. Consumer and restaurant validate it by command, as in respond-first.
 * 4. Once the order is decided, the outbox sends the outcome to the client's reply channel until the client confirms it
 *    (outbox/command-transport.ts, messaging/replies.ts). If its request announced it, the outcome may share a message with others.
 */
export const messaging =
  (parts: StyleParts): PlaceOrder =>
  (command) =>
    storeOrder(newPendingOrder('messaging', command, parts), parts);
