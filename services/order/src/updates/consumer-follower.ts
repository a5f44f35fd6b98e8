import type { Order } from '../domain/order.ts';
import { type Representation, represent } from '../domain/representation.ts';
import type { OrdersPage } from '../order-lists/order-lists.ts';

/** A state of one of a consumer's orders. */
export interface ConsumerUpdate extends Representation {
  /**
   * All orders up to this position are decided and have been emitted so. A client that continues after it, at any replica,
   * gets the current state of every later order again, and therefore misses nothing.
   */
  readonly resumeAfter: number;
}

/** The state of an order, represented once for all followers. */
export interface ReadOrder extends Representation {
  readonly id: string;
  readonly isPending: boolean;
}

/** A page of the consumer's list. */
export interface ReadPage extends Pick<OrdersPage, 'last'> {
  readonly orders: readonly { readonly position: number; readonly order: ReadOrder }[];
}

/** Represents an order. */
export function toReadOrder(order: Order): ReadOrder {
  return { ...represent(order), id: order.id, isPending: order.status === 'PENDING' };
}

/** Maximum number of undecided orders that one iteration follows. Newer orders wait until some of these are decided. */
const MAX_UNDECIDED = 50;

/** The place of one listener in a consumer's list. */
export interface Follower {
  /** The ids of the undecided orders that it follows. */
  ids(): readonly string[];
  /** The position after which it needs more orders; undefined while it follows as many as it can. */
  next(): number | undefined;
  /**
   * Emits the changes in these orders, and the orders of the page that starts after its position. An undefined order is no
   * longer stored.
   */
  receive(current: ReadonlyMap<string, ReadOrder | undefined>, pages: ReadonlyMap<number, ReadPage>): void;
}

export function createFollower(after: number, emit: (update: ConsumerUpdate) => void): Follower {
  /** By position, with the version that was emitted. */
  const undecided = new Map<number, { readonly id: string; readonly version: string }>();
  let reached = after;

  const decidedUpTo = (): number => Math.min(reached, ...[...undecided.keys()].map((position) => position - 1));

  function emitIfChanged(position: number, { id, body, version, isPending }: ReadOrder): void {
    if (undecided.get(position)?.version === version) return;
    reached = Math.max(reached, position);
    if (isPending) undecided.set(position, { id, version });
    else undecided.delete(position);
    emit({ body, version, resumeAfter: decidedUpTo() });
  }

  const ids = (): readonly string[] => [...undecided.values()].map(({ id }) => id);

  return {
    ids,
    next: () => (undecided.size < MAX_UNDECIDED ? reached : undefined),
    receive(current, pages) {
      const page = pages.get(reached);
      const followed = new Set(ids());
      for (const [position, { id }] of [...undecided]) {
        const order = current.get(id);
        if (order) emitIfChanged(position, order);
        else if (current.has(id)) undecided.delete(position);
      }
      if (!page) return;
      // The page may have more orders than this follower can add: other followers share it.
      const added = page.orders.slice(0, MAX_UNDECIDED - undecided.size);
      for (const { position, order } of added) {
        if (!followed.has(order.id)) emitIfChanged(position, order);
      }
      const end = added.length < page.orders.length ? added.at(-1)?.position : page.last;
      reached = Math.max(reached, end ?? 0);
    },
  };
}
