import type { Clock } from '@standing-order/service-kit/runtime';

/** Sleeps of one loop. An abort of the signal ends the current sleep, and every later one at once. */
export interface InterruptibleSleep {
  sleep(ms: number): Promise<void>;
  /** Sleeps until `wake` is called, at most for `ms`. */
  sleepUntilWoken(ms: number): Promise<void>;
  wake(): void;
}

export function createInterruptibleSleep(clock: Pick<Clock, 'setTimer'>, signal: AbortSignal): InterruptibleSleep {
  let wake = () => {};

  async function pause(ms: number, isWakable: boolean): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener('abort', end);
        wake = () => {};
        resolve();
      };
      const cancel = clock.setTimer(ms, end);
      signal.addEventListener('abort', end);
      if (isWakable) wake = end;
    });
  }

  return {
    sleep: (ms) => pause(ms, false),
    sleepUntilWoken: (ms) => pause(ms, true),
    wake: () => wake(),
  };
}
