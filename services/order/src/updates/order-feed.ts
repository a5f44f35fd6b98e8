import type { Outbox } from '@standing-order/outbox';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { shown } from '../domain/shown.ts';
import type { Feed } from './open-stream.ts';

/**
 * What becomes of one order: each state that is seen of it, until it is settled. `heard` is the version that the client has
 * heard of, on whichever replica.
 */
export function orderFeed(
  outbox: Pick<Outbox<Order, Message>, 'read' | 'watch'>,
  id: string,
  heard: string | undefined,
): Feed {
  let last = heard;
  return {
    async news() {
      const order = await outbox.read(id);
      if (!order) return { events: [], over: true };
      const over = order.status !== 'PENDING';
      const { body, version } = shown(order);
      if (version === last) return { events: [], over };
      last = version;
      return { events: [{ event: 'order', id: version, data: body }], over };
    },
    watch: (sooner) => outbox.watch(id, sooner),
  };
}
