import type { StateStore } from '@standing-order/dapr';
import { createPagedLog, type LogEntry, type ReadRange } from '@standing-order/entity-store/paged-log';
import type { Outbox, Transport } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { type Confirmations, createConfirmations } from './confirmations.ts';
import { createListing, logName } from './listing.ts';

export interface ConsumerOrdersParts {
  readonly store: Pick<StateStore, 'get' | 'read' | 'write' | 'insert'>;
  readonly outbox: Pick<Outbox<Order, Message>, 'readAll' | 'record'>;
  readonly clock: Pick<Clock, 'setTimer'>;
}

export interface OrderAt {
  /** Its place among the consumer's orders, which never changes. */
  readonly position: number;
  readonly order: Order;
}

/** Some of a consumer's orders, as they are now. */
export interface OrdersPage {
  readonly orders: readonly OrderAt[];
  /** The position of the last one that was looked at; undefined when there was none. */
  readonly last: number | undefined;
  /** Whether there are further ones in this direction. */
  readonly more: boolean;
  /** The position of the consumer's newest order; 0 when there is none. */
  readonly newest: number;
}

/** The orders of each consumer, in the order in which they were put into its list: soon after they were taken. */
export interface ConsumerOrders {
  /** Puts orders into the lists of their consumers: the way out of the channel `index`. */
  readonly transport: Transport<Order>;
  /** Adds to answers that are about to be recorded that their orders are in the lists, if they are to say so yet. */
  readonly joined: Confirmations['joined'];
  /** Has the orders that wait to say so say it now. Never rejects. */
  readonly leave: Confirmations['leave'];
  /** An order is on a page once. Rejects when the store can't be read. */
  list(consumerId: string, wanted: ReadRange): Promise<OrdersPage>;
  /** Calls `listener` when this replica has put an order into the consumer's list. Returns how to stop. */
  watch(consumerId: string, listener: () => void): () => void;
}

export function createConsumerOrders({ store, outbox, clock }: ConsumerOrdersParts): ConsumerOrders {
  const log = createPagedLog<LogEntry>(store);
  const add = createListing(log, clock);
  const confirmations = createConfirmations({ outbox, clock });
  const listeners = new Map<string, Set<() => void>>();

  function tell(orders: readonly Order[]): void {
    for (const consumerId of new Set(orders.map(({ request }) => request.consumerId))) {
      for (const listener of listeners.get(consumerId) ?? []) listener();
    }
  }

  return {
    transport: {
      send: (batch) =>
        runDetached(async () => {
          const unlisted = batch.filter((sending) => !confirmations.awaits(sending));
          const added = await add(unlisted.map(({ document }) => document));
          const listed = unlisted.filter((_, index) => added[index]);
          confirmations.add(listed);
          tell(listed.map(({ document }) => document));
          const failed = new Set(unlisted).difference(new Set(listed));
          return batch.map((sending) => !failed.has(sending));
        }),
    },
    leave: confirmations.leave,
    joined: confirmations.joined,

    async list(consumerId, wanted) {
      const { entries, more, newest } = await log.read(logName(consumerId), wanted);
      const found = new Map(await outbox.readAll(entries.map(({ entry }) => entry.id)));
      const orders = entries.flatMap(({ position, entry }) => {
        const order = found.get(entry.id);
        found.delete(entry.id);
        return order ? [{ position, order }] : [];
      });
      return { orders, last: entries.at(-1)?.position, more, newest };
    },

    watch(consumerId, listener) {
      const own = () => listener();
      const mine = listeners.get(consumerId) ?? new Set();
      listeners.set(consumerId, mine.add(own));
      return () => {
        mine.delete(own);
        if (mine.size === 0 && listeners.get(consumerId) === mine) listeners.delete(consumerId);
      };
    },
  };
}
