import type { Clock } from '@standing-order/service-kit/runtime';

export interface Poller {
  /** Polls at once, or right after the poll in flight, and restarts the backoff. */
  poke(): void;
  stop(): void;
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;

/**
 * Calls `poll` after 100 ms, and then after pauses that double up to 2 s. The backoff restarts when `poll` returns true: it
 * has found a change. Polls never overlap. A rejection counts as no change; the callee has logged it.
 */
export function startPolling(clock: Pick<Clock, 'setTimer'>, poll: () => Promise<boolean>): Poller {
  let pause = FIRST_PAUSE_MS;
  let isPolling = false;
  let isPoked = false;
  let isStopped = false;
  let cancel = () => {};

  function pollAfter(ms: number): void {
    cancel();
    cancel = clock.setTimer(ms, async () => {
      isPolling = true;
      isPoked = false;
      const hasChanged = await poll().catch(() => false);
      isPolling = false;
      if (isStopped) return;
      if (hasChanged) pause = FIRST_PAUSE_MS;
      pollAfter(isPoked ? 0 : pause);
      pause = Math.min(2 * pause, MAX_PAUSE_MS);
    });
  }

  pollAfter(pause);
  return {
    poke() {
      pause = FIRST_PAUSE_MS;
      isPoked = true;
      if (!isPolling && !isStopped) pollAfter(0);
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
