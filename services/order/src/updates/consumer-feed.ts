import type { Outbox } from '@standing-order/outbox';
import type { SSEMessage } from 'hono/streaming';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { shown } from '../domain/shown.ts';
import type { ConsumerOrders, OrderAt } from '../order-lists/consumer-orders.ts';
import type { Feed } from './open-stream.ts';

export interface ConsumerFeedParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'readAll'>;
  readonly consumerOrders: Pick<ConsumerOrders, 'list' | 'watch'>;
}

/** Undecided orders that one stream follows; newer ones have to wait until some of these are decided. */
const MOST_UNDECIDED = 50;
/** Orders that are met at one look. */
const MOST_NEW = 20;

/**
 * What becomes of a consumer's orders after position `heard`: each state that is seen of each.
 *
 * The id of an event is the position up to which everything is decided and told. A client that comes back with it, to
 * whichever replica, hears of all that is later once more as it is then, and so misses nothing.
 */
export function consumerFeed({ outbox, consumerOrders }: ConsumerFeedParts, consumerId: string, heard: number): Feed {
  /** By position, with the version that was told. */
  const undecided = new Map<number, { readonly id: string; readonly version: string }>();
  let met = heard;

  const settledUpTo = (): number => Math.min(met, ...[...undecided.keys()].map((position) => position - 1));

  function tell({ position, order }: OrderAt): SSEMessage[] {
    const { body, version } = shown(order);
    if (undecided.get(position)?.version === version) return [];
    met = Math.max(met, position);
    if (order.status === 'PENDING') undecided.set(position, { id: order.id, version });
    else undecided.delete(position);
    return [{ event: 'order', id: String(settledUpTo()), data: body }];
  }

  return {
    async news() {
      const followed = [...undecided].map(([position, { id }]) => ({ position, id }));
      const limit = Math.min(MOST_NEW, MOST_UNDECIDED - followed.length);
      // Nothing is noted before all is read: what is noted has been told.
      const [now, page] = await Promise.all([
        followed.length > 0 ? outbox.readAll(followed.map(({ id }) => id)) : undefined,
        limit > 0 ? consumerOrders.list(consumerId, { after: met, limit }) : undefined,
      ]);
      const events: SSEMessage[] = [];
      for (const { position, id } of followed) {
        const order = now?.get(id);
        if (order) events.push(...tell({ position, order }));
      }
      for (const at of page?.orders ?? []) {
        if (!followed.some(({ id }) => id === at.order.id)) events.push(...tell(at));
      }
      met = Math.max(met, page?.last ?? 0);
      return { events, over: false };
    },
    watch: (sooner) => consumerOrders.watch(consumerId, sooner),
  };
}
