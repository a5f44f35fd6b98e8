import type { Clock } from '@standing-order/service-kit/runtime';

export interface Looking {
  /** Looks as soon as can be, and then often again. */
  sooner(): void;
  stop(): void;
}

const PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;

/**
 * Looks at what others may change: 100 ms from now, then after pauses that double up to 2 s. They start over when a look
 * finds news, which it says. Looks never overlap. One that rejects has found none; whoever reads has reported why.
 */
export function keepLooking(clock: Pick<Clock, 'setTimer'>, look: () => Promise<boolean>): Looking {
  let pause = PAUSE_MS;
  let looking = false;
  let again = false;
  let stopped = false;
  let cancel = () => {};

  function lookAfter(ms: number): void {
    cancel();
    cancel = clock.setTimer(ms, async () => {
      looking = true;
      again = false;
      const news = await look().catch(() => false);
      looking = false;
      if (stopped) return;
      if (news) pause = PAUSE_MS;
      lookAfter(again ? 0 : pause);
      pause = Math.min(2 * pause, MAX_PAUSE_MS);
    });
  }

  lookAfter(pause);
  return {
    sooner() {
      pause = PAUSE_MS;
      again = true;
      if (!looking && !stopped) lookAfter(0);
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
