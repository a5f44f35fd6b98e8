import type { Clock } from '@standing-order/service-kit/runtime';
import type { Order } from '../domain/order.ts';
import type { OrderReader, OrderWatcher } from '../domain/ports.ts';
import { represent } from '../domain/representation.ts';
import { createPolledUpdates } from './polled-updates.ts';

export interface OrderUpdatesParts {
  readonly outbox: OrderReader & OrderWatcher;
  readonly clock: Pick<Clock, 'setTimer'>;
}

/**
 * The states of an order: the given one first, then each later state that clients can tell from the one before. Ends after
 * the state in which the order is decided, when the order is no longer stored, or when the signal aborts. Never throws.
 */
export type OrderUpdates = (order: Order, signal: AbortSignal) => AsyncIterable<Order>;

interface OrderListener {
  see(order: Order, version: string): void;
  end(): void;
}

/**
 * An order in the care of this replica is updated at once, through the outbox's notifications. An order in the care of
 * another replica is found by polling, with one read for all listeners of the order.
 */
export function createOrderUpdates({ outbox, clock }: OrderUpdatesParts): OrderUpdates {
  function show(order: Order, listeners: readonly OrderListener[]): void {
    const { version } = represent(order);
    for (const { see } of listeners) see(order, version);
  }

  const updates = createPolledUpdates<Order, OrderListener>(clock, (id, feed) => ({
    async poll(listeners) {
      const order = await outbox.read(id);
      if (order) show(order, listeners);
      else for (const { end } of listeners) end();
    },
    unwatch: outbox.watch(id, (order) => show(order, feed.listeners())),
  }));

  return (first, signal) =>
    updates(first.id, signal, ({ emit, end }) => {
      let version: string | undefined;
      const listener: OrderListener = {
        see(order, seen) {
          if (seen !== version) emit(order);
          version = seen;
          if (order.status !== 'PENDING') end();
        },
        end,
      };
      show(first, [listener]);
      return listener;
    });
}
