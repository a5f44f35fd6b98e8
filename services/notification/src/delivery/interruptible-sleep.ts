import type { Clock } from '@standing-order/service-kit/runtime';

/** Pauses of one who works in turns. All of them end at once with the signal. */
export interface Pauses {
  /** Resolves after so many milliseconds. */
  for(ms: number): Promise<void>;
  /** The same, or as soon as it is woken. */
  untilWoken(ms: number): Promise<void>;
  wake(): void;
}

export function createPauses(clock: Pick<Clock, 'setTimer'>, signal: AbortSignal): Pauses {
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
    for: (ms) => pause(ms, false),
    untilWoken: (ms) => pause(ms, true),
    wake: () => wake(),
  };
}
