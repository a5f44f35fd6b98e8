import { createPlaces } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Order } from '../domain/order.ts';
import type { OrderUpdates } from './order-updates.ts';

export interface LongPollParts {
  readonly orderUpdates: OrderUpdates;
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Maximum number of requests that wait at a time. Default 1,000. */
  readonly max?: number;
  /** Maximum number of requests of one caller that wait at a time. Default 50. */
  readonly maxPerCaller?: number;
}

/** The request that waits. */
export interface WaitingRequest {
  /** The requests with the same key have a limit of their own. */
  readonly caller: string;
  readonly signal: AbortSignal;
}

/** Requests that wait for an order to be decided. */
export interface LongPoll {
  /**
   * Returns the order once it is decided, or its latest state after `ms` milliseconds or when the signal aborts. Returns
   * undefined at once when too many requests are waiting, of this caller or of all. Never rejects.
   */
  waitForDecision(order: Order, ms: number, request: WaitingRequest): Promise<Order> | undefined;
  /** Ends all waits, so that the service can stop. */
  end(): void;
}

const MAX = 1_000;
const MAX_PER_CALLER = 50;

export function createLongPoll(parts: LongPollParts): LongPoll {
  const { orderUpdates, clock, max = MAX, maxPerCaller = MAX_PER_CALLER } = parts;
  const places = createPlaces({ max, maxPerCaller });
  const waiting = new Set<AbortController>();
  let hasEnded = false;

  async function wait(order: Order, ms: number, signal: AbortSignal): Promise<Order> {
    const ending = new AbortController();
    waiting.add(ending);
    const cancelDeadline = clock.setTimer(ms, () => ending.abort());
    let latest = order;
    for await (const state of orderUpdates(order, AbortSignal.any([ending.signal, signal]))) {
      latest = state;
    }
    cancelDeadline();
    waiting.delete(ending);
    return latest;
  }

  return {
    waitForDecision(order, ms, { caller, signal }) {
      if (order.status !== 'PENDING') return Promise.resolve(order);
      const free = hasEnded ? undefined : places.take(caller);
      if (typeof free !== 'function') return undefined;
      // The reads of a wait belong to no trace: they are not part of the order's processing.
      return runDetached(() => wait(order, ms, signal).finally(free));
    },
    end() {
      hasEnded = true;
      for (const ending of waiting) ending.abort();
    },
  };
}
