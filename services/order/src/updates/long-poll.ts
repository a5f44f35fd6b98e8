import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Order } from '../domain/order.ts';
import type { OrderUpdates } from './order-updates.ts';

export interface LongPollParts {
  readonly orderUpdates: OrderUpdates;
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Maximum number of requests that wait at a time. Default 1,000. */
  readonly max?: number;
}

/** Requests that wait for an order to be decided. */
export interface LongPoll {
  /**
   * Returns the order once it is decided, or its latest state after `ms` milliseconds or when the signal aborts. Returns
   * undefined at once when too many requests are waiting. Never rejects.
   */
  waitForDecision(order: Order, ms: number, signal?: AbortSignal): Promise<Order> | undefined;
  /** Ends all waits, so that the service can stop. */
  end(): void;
}

const MAX = 1_000;

export function createLongPoll({ orderUpdates, clock, max = MAX }: LongPollParts): LongPoll {
  const waiting = new Set<AbortController>();
  let hasEnded = false;

  async function wait(order: Order, ms: number, signal?: AbortSignal): Promise<Order> {
    const ending = new AbortController();
    waiting.add(ending);
    const cancelDeadline = clock.setTimer(ms, () => ending.abort());
    let latest = order;
    for await (const state of orderUpdates(order, AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]))) {
      latest = state;
    }
    cancelDeadline();
    waiting.delete(ending);
    return latest;
  }

  return {
    waitForDecision(order, ms, signal) {
      if (order.status !== 'PENDING') return Promise.resolve(order);
      if (hasEnded || waiting.size >= max) return undefined;
      // The reads of a wait belong to no trace: they are not part of the order's processing.
      return runDetached(() => wait(order, ms, signal));
    },
    end() {
      hasEnded = true;
      for (const ending of waiting) ending.abort();
    },
  };
}
