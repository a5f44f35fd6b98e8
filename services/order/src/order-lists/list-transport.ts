import type { Transport } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Order } from '../domain/order.ts';
import type { Confirmations } from './confirmations.ts';
import { createListAppender, createListLog, type ListStore } from './list-appender.ts';

export interface ListTransportParts {
  readonly store: ListStore;
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly confirmations: Pick<Confirmations, 'add' | 'confirmsLater'>;
  /** Undefined: orders are kept for ever. */
  readonly retentionSeconds?: number | undefined;
}

/** Puts orders into the lists of their consumers: the transport of the outbox's channel `index`. */
export interface ListTransport extends Transport<Order> {
  /** Calls `listener` when this replica has put an order into the consumer's list. Returns a function that stops it. */
  watch(consumerId: string, listener: () => void): () => void;
}

export function createListTransport(parts: ListTransportParts): ListTransport {
  const { store, clock, confirmations, retentionSeconds } = parts;
  const append = createListAppender(createListLog(store, retentionSeconds), clock);
  const listeners = new Map<string, Set<() => void>>();

  function notify(orders: readonly Order[]): void {
    for (const consumerId of new Set(orders.map(({ request }) => request.consumerId))) {
      for (const listener of listeners.get(consumerId) ?? []) listener();
    }
  }

  return {
    send: (batch) =>
      runDetached(async () => {
        const unlisted = batch.filter((command) => !confirmations.confirmsLater(command));
        const results = await append(unlisted.map(({ document }) => document));
        const listed = unlisted.filter((_, index) => results[index]);
        confirmations.add(listed);
        notify(listed.map(({ document }) => document));
        const failed = new Set(unlisted).difference(new Set(listed));
        return batch.map((command) => !failed.has(command));
      }),

    watch(consumerId, listener) {
      const own = () => listener();
      const watching = listeners.get(consumerId) ?? new Set();
      listeners.set(consumerId, watching.add(own));
      return () => {
        watching.delete(own);
        if (watching.size === 0 && listeners.get(consumerId) === watching) listeners.delete(consumerId);
      };
    },
  };
}
