/**
 * A counting semaphore without a queue. p-limit does not fit: it fixes the work when it is queued. A delivery worker must select the
 * event when a permit is free, because its delivery state may have changed in the meantime.
 */
export interface Semaphore {
  /** Acquires a permit. Returns false if there is none, and calls `onRelease` once after the next release. */
  tryAcquire(onRelease: () => void): boolean;
  release(): void;
}

export function createSemaphore(permits: number): Semaphore {
  const waiting = new Set<() => void>();
  let acquired = 0;
  return {
    tryAcquire(onRelease) {
      if (acquired < permits) {
        acquired++;
        return true;
      }
      waiting.add(onRelease);
      return false;
    },
    release() {
      acquired--;
      const callbacks = [...waiting];
      waiting.clear();
      for (const onRelease of callbacks) onRelease();
    },
  };
}
