import { ProblemError } from '@standing-order/service-kit/http';
import type { OrderLists } from '../order-lists/order-lists.ts';

/** Returns the lists of orders. Throws a problem in a deployment without them. */
export function requireOrderLists(orderLists: OrderLists | undefined): OrderLists {
  if (orderLists) return orderLists;
  throw new ProblemError('not-found', {
    detail: "this deployment keeps no lists of consumers' orders; set CONSUMER_ORDERS=on to keep them",
  });
}
