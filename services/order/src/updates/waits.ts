import type { Outbox } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Message } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { keepLooking } from './looking.ts';

export interface WaitsParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'read' | 'watch'>;
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Most requests that wait at a time. Default 1,000. */
  readonly most?: number;
}

/** Requests that wait for an order to be decided. */
export interface Waits {
  /**
   * The order once it is decided, or as it is after `ms` milliseconds, or when the signal aborts. Undefined, at once, when
   * too many wait already. Never rejects.
   */
  untilDecided(order: Order, ms: number, signal?: AbortSignal): Promise<Order> | undefined;
  /** Lets everybody go, so that the service can stop. */
  end(): void;
}

const MOST = 1_000;

/**
 * An order that this replica looks after is heard of at once; one that another replica looks after is read now and then.
 */
export function createWaits({ outbox, clock, most = MOST }: WaitsParts): Waits {
  const waiting = new Set<() => void>();
  let ended = false;

  const wait = (order: Order, ms: number, signal?: AbortSignal) =>
    new Promise<Order>((resolve) => {
      let seen = order;
      const see = (now: Order | undefined) => {
        if (now === undefined || !waiting.has(finish)) return;
        seen = now;
        if (now.status !== 'PENDING') finish();
      };
      const finish = () => {
        if (!waiting.delete(finish)) return;
        unwatch();
        looking.stop();
        cancelDeadline();
        signal?.removeEventListener('abort', finish);
        resolve(seen);
      };
      waiting.add(finish);
      const unwatch = outbox.watch(order.id, see);
      const cancelDeadline = clock.setTimer(ms, finish);
      const looking = keepLooking(clock, async () => {
        see(await outbox.read(order.id));
        return false;
      });
      signal?.addEventListener('abort', finish);
      if (signal?.aborted) finish();
    });

  return {
    untilDecided(order, ms, signal) {
      if (order.status !== 'PENDING') return Promise.resolve(order);
      if (ended || waiting.size >= most) return undefined;
      // What is read while waiting belongs to no trace: it says nothing of the order.
      return runDetached(() => wait(order, ms, signal));
    },
    end() {
      ended = true;
      for (const finish of [...waiting]) finish();
    },
  };
}
