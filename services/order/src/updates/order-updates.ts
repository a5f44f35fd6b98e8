import type { Clock } from '@standing-order/service-kit/runtime';
import type { Order } from '../domain/order.ts';
import type { OrderReader, OrderWatcher } from '../domain/ports.ts';
import { represent } from '../domain/representation.ts';
import { polledUpdates } from './polled-updates.ts';

export interface OrderUpdatesParts {
  readonly outbox: OrderReader & OrderWatcher;
  readonly clock: Pick<Clock, 'setTimer'>;
}

/**
 * The states of an order: the given one first, then each later state that clients can tell from the one before. Ends after
 * the state in which the order is decided, when the order is no longer stored, or when the signal aborts. Never throws.
 */
export type OrderUpdates = (order: Order, signal: AbortSignal) => AsyncIterable<Order>;

/**
 * An order in the care of this replica is updated at once, through the outbox's notifications. An order in the care of
 * another replica is found by polling.
 */
export function createOrderUpdates({ outbox, clock }: OrderUpdatesParts): OrderUpdates {
  return (first, signal) =>
    polledUpdates<Order>(clock, signal, ({ emit, end }) => {
      let version: string | undefined;
      const see = (order: Order) => {
        const seen = represent(order).version;
        if (seen !== version) emit(order);
        version = seen;
        if (order.status !== 'PENDING') end();
      };
      const unwatch = outbox.watch(first.id, see);
      see(first);
      return {
        async poll() {
          const order = await outbox.read(first.id);
          if (order) see(order);
          else end();
        },
        unwatch,
      };
    });
}
