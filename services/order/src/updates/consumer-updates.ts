import type { Clock } from '@standing-order/service-kit/runtime';
import type { OrderBatchReader } from '../domain/ports.ts';
import type { OrderLists } from '../order-lists/order-lists.ts';
import {
  type ConsumerUpdate,
  createFollower,
  type Follower,
  type ReadOrder,
  type ReadPage,
  toReadOrder,
} from './consumer-follower.ts';
import { createPolledUpdates, type Source } from './polled-updates.ts';
import { createTurns } from './turns.ts';

export interface ConsumerUpdatesParts {
  readonly outbox: OrderBatchReader;
  readonly orderLists: OrderLists;
  readonly clock: Pick<Clock, 'setTimer'>;
}

/** Maximum number of orders that one poll adds to a follower. */
const MAX_NEW = 20;
/** Maximum number of undecided orders that one poll reads for all followers of a consumer. */
const MAX_READ = 100;
/** Maximum number of ranges of the list that one poll reads for all followers of a consumer. */
const MAX_RANGES = 4;

/**
 * The states of a consumer's orders after position `after`: each order's state when the iteration reaches it, then each
 * later state. Ends when the signal aborts. Never throws.
 */
export type ConsumerUpdates = (consumerId: string, after: number, signal: AbortSignal) => AsyncIterable<ConsumerUpdate>;

/** The reads do not grow with the listeners of a consumer: one poll reads for all of them. */
export function createConsumerUpdates({ outbox, orderLists, clock }: ConsumerUpdatesParts): ConsumerUpdates {
  function followOrders(consumerId: string, poke: () => void): Source<Follower> {
    const ordersInTurn = createTurns(MAX_READ);
    const rangesInTurn = createTurns(MAX_RANGES);

    async function readOrders(ids: readonly string[]): Promise<ReadonlyMap<string, ReadOrder | undefined>> {
      if (ids.length === 0) return new Map();
      const orders = await outbox.readAll(ids);
      return new Map(
        ids.map((id) => {
          const order = orders.get(id);
          return [id, order && toReadOrder(order)];
        }),
      );
    }
    async function readPage(after: number): Promise<[number, ReadPage]> {
      const { orders, last } = await orderLists.list(consumerId, { after, limit: MAX_NEW });
      return [after, { orders: orders.map(({ position, order }) => ({ position, order: toReadOrder(order) })), last }];
    }

    return {
      async poll(followers) {
        const ids = ordersInTurn(new Set(followers.flatMap((follower) => follower.ids())));
        const ranges = rangesInTurn(new Set(followers.flatMap((follower) => follower.next() ?? [])));
        // Followers change only after all reads: a failed read must not skip an update.
        const [current, pages] = await Promise.all([readOrders(ids), Promise.all(ranges.map(readPage))]);
        const pagesByStart = new Map(pages);
        for (const follower of followers) follower.receive(current, pagesByStart);
      },
      unwatch: orderLists.watch(consumerId, poke),
    };
  }

  const updates = createPolledUpdates<ConsumerUpdate, Follower>(clock, (id, { poke }) => followOrders(id, poke));
  return (consumerId, after, signal) =>
    updates(consumerId, signal, ({ emit, poke }) => {
      poke();
      return createFollower(after, emit);
    });
}
