import type { Clock } from '@standing-order/service-kit/runtime';

/** A clock that stands still until a test advances it. Its timers fire in the order in which they are due. */
export interface ManualClock extends Clock {
  /** Advances the clock and fires due timers at once, without a turn of the event loop in between. */
  advance(ms: number): void;
  /** Advances the clock. Before each timer, and at the end, promises that need no timer come to rest. */
  advanceSlowly(ms: number): Promise<void>;
}

/** A clock that shows 0. */
export function createManualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ readonly at: number; fire(): void }>();

  /** Fires the first timer that is due by then. Returns false when there is none. */
  function fireNext(end: number): boolean {
    const [next] = [...timers].sort((a, b) => a.at - b.at);
    if (!next || next.at > end) return false;
    timers.delete(next);
    now = Math.max(now, next.at);
    next.fire();
    return true;
  }

  return {
    monotonic: () => now,
    wall: () => now,
    setTimer(ms, fire) {
      const timer = { at: now + ms, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      while (fireNext(end));
      now = end;
    },
    async advanceSlowly(ms) {
      const end = now + ms;
      do await settlePromises();
      while (fireNext(end));
      now = end;
      await settlePromises();
    },
  };
}

/** Resolves when every chain of promises that needs no timer has come to rest. */
const settlePromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
