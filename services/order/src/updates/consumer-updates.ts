import type { Clock } from '@standing-order/service-kit/runtime';
import type { OrderBatchReader } from '../domain/ports.ts';
import { type Representation, represent } from '../domain/representation.ts';
import type { ListedOrder, OrderLists } from '../order-lists/order-lists.ts';
import { polledUpdates } from './polled-updates.ts';

export interface ConsumerUpdatesParts {
  readonly outbox: OrderBatchReader;
  readonly orderLists: OrderLists;
  readonly clock: Pick<Clock, 'setTimer'>;
}

/** A state of one of a consumer's orders. */
export interface ConsumerUpdate extends Representation {
  /**
   * All orders up to this position are decided and have been emitted so. A client that continues after it, at any replica,
   * gets the current state of every later order again, and therefore misses nothing.
   */
  readonly resumeAfter: number;
}

/** Maximum number of undecided orders that one iteration follows. Newer orders wait until some of these are decided. */
const MAX_UNDECIDED = 50;
/** Maximum number of orders that one poll adds. */
const MAX_NEW = 20;

/**
 * The states of a consumer's orders after position `after`: each order's state when the iteration reaches it, then each
 * later state. Ends when the signal aborts. Never throws.
 */
export type ConsumerUpdates = (consumerId: string, after: number, signal: AbortSignal) => AsyncIterable<ConsumerUpdate>;

export function createConsumerUpdates({ outbox, orderLists, clock }: ConsumerUpdatesParts): ConsumerUpdates {
  return (consumerId, after, signal) =>
    polledUpdates<ConsumerUpdate>(clock, signal, ({ emit, poke }) => {
      /** By position, with the version that was emitted. */
      const undecided = new Map<number, { readonly id: string; readonly version: string }>();
      let reached = after;

      const decidedUpTo = (): number => Math.min(reached, ...[...undecided.keys()].map((position) => position - 1));

      function emitIfChanged({ position, order }: ListedOrder): void {
        const { body, version } = represent(order);
        if (undecided.get(position)?.version === version) return;
        reached = Math.max(reached, position);
        if (order.status === 'PENDING') undecided.set(position, { id: order.id, version });
        else undecided.delete(position);
        emit({ body, version, resumeAfter: decidedUpTo() });
      }

      const unwatch = orderLists.watch(consumerId, poke);
      poke();
      return {
        async poll() {
          const followed = [...undecided].map(([position, { id }]) => ({ position, id }));
          const limit = Math.min(MAX_NEW, MAX_UNDECIDED - followed.length);
          // The state of the iteration changes only after both reads: a failed read must not skip an update.
          const [current, page] = await Promise.all([
            followed.length > 0 ? outbox.readAll(followed.map(({ id }) => id)) : undefined,
            limit > 0 ? orderLists.list(consumerId, { after: reached, limit }) : undefined,
          ]);
          for (const { position, id } of followed) {
            const order = current?.get(id);
            if (order) emitIfChanged({ position, order });
            // It was decided and has expired since the last poll.
            else undecided.delete(position);
          }
          for (const listed of page?.orders ?? []) {
            if (!followed.some(({ id }) => id === listed.order.id)) emitIfChanged(listed);
          }
          reached = Math.max(reached, page?.last ?? 0);
        },
        unwatch,
      };
    });
}
