import type { ReadRange } from '@standing-order/entity-store/paged-log';
import type { Order } from '../domain/order.ts';
import type { OrderBatchReader } from '../domain/ports.ts';
import { createListLog, isPlaceOf, type ListStore, logName } from './list-appender.ts';
import type { ListTransport } from './list-transport.ts';

export interface OrderListsParts {
  readonly store: ListStore;
  readonly outbox: OrderBatchReader;
  readonly transport: Pick<ListTransport, 'watch'>;
  /** Undefined: orders are kept for ever. */
  readonly retentionSeconds?: number | undefined;
}

export interface ListedOrder {
  /** The order's place in the list, which never changes. */
  readonly position: number;
  readonly order: Order;
}

/** A page of a consumer's orders, in their current state. */
export interface OrdersPage {
  readonly orders: readonly ListedOrder[];
  /** The position of the last entry that was read; undefined when the page has none. */
  readonly last: number | undefined;
  /** Whether the list has further entries in this direction. */
  readonly more: boolean;
  /** The position of the consumer's newest order; 0 for an empty list. */
  readonly newest: number;
}

/** The lists of each consumer's orders, in the order in which the orders were listed: soon after they were stored. */
export interface OrderLists {
  /** Reads a page. An order is on a page once. Rejects when the state store cannot be read. */
  list(consumerId: string, range: ReadRange): Promise<OrdersPage>;
  /** Calls `listener` when this replica has put an order into the consumer's list. Returns a function that stops it. */
  readonly watch: ListTransport['watch'];
}

export function createOrderLists({ store, outbox, transport, retentionSeconds }: OrderListsParts): OrderLists {
  const log = createListLog(store, retentionSeconds);
  return {
    async list(consumerId, range) {
      const { entries, more, newest } = await log.read(logName(consumerId), range);
      const found = new Map(await outbox.readAll(entries.map(({ entry }) => entry.id)));
      const orders = entries.flatMap(({ position, entry }) => {
        const order = found.get(entry.id);
        if (order === undefined || !isPlaceOf(entry, order)) return [];
        found.delete(entry.id);
        return [{ position, order }];
      });
      return { orders, last: entries.at(-1)?.position, more, newest };
    },
    watch: transport.watch,
  };
}
