import type { Outbox, Transport } from '@standing-order/outbox';
import type { StateStore } from '@standing-order/platform/dapr';
import { createPagedLog, type Entry, type Wanted } from '@standing-order/platform/paged-log';
import { detached, warnSometimes } from '@standing-order/platform/telemetry';
import type { Message } from '../order/decide.ts';
import type { Order } from '../order/order.ts';

export interface ConsumerOrdersParts {
  readonly store: Pick<StateStore, 'get' | 'read' | 'write' | 'insert'>;
  readonly outbox: Pick<Outbox<Order, Message>, 'readAll' | 'record'>;
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
  /** Puts orders into the lists of their consumers and has the orders say so: the way out of the channel `index`. */
  readonly transport: Transport<Order>;
  /** An order is on a page once. Rejects when the store can't be read. */
  list(consumerId: string, wanted: Wanted): Promise<OrdersPage>;
  /** Calls `listener` when this replica has put an order into the consumer's list. Returns how to stop. */
  watch(consumerId: string, listener: () => void): () => void;
}

const logName = (consumerId: string): string => `ci:${consumerId}`;

export function createConsumerOrders({ store, outbox }: ConsumerOrdersParts): ConsumerOrders {
  const log = createPagedLog<Entry>(store);
  const listeners = new Map<string, Set<() => void>>();
  /** One batch is added at a time: two that add to the same lists would only take turns in losing. */
  let turn: Promise<unknown> = Promise.resolve();

  async function add(batch: readonly Order[]): Promise<readonly boolean[]> {
    const additions = batch.map(({ id, request }) => ({ name: logName(request.consumerId), entries: [{ id }] }));
    const added = turn.then(() => log.append(additions));
    turn = added;
    return added;
  }

  function tell(orders: readonly Order[]): void {
    for (const consumerId of new Set(orders.map(({ request }) => request.consumerId))) {
      for (const listener of listeners.get(consumerId) ?? []) listener();
    }
  }

  return {
    transport: {
      send: (batch) =>
        detached(async () => {
          const added = await add(batch.map(({ document }) => document));
          const listed = batch.filter((_, index) => added[index]);
          tell(listed.map(({ document }) => document));
          const entries = listed.map(({ document, token }) => ({
            id: document.id,
            answer: { kind: 'indexed', token } as const,
          }));
          await outbox.record(entries).catch((error: unknown) => {
            // The outbox sends again what is not confirmed, and the list knows it by its id.
            warnSometimes('index', { err: error }, 'orders are listed, and do not say so yet');
          });
          return added;
        }),
    },

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
