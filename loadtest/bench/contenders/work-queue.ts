/** Bounded work after a response. */
export interface WorkQueue {
  /** Resolves when the work is in the queue, not when it is done. */
  add(work: () => Promise<void>): Promise<void>;
}

/** Runs at most `maxRunning` pieces of work at once and queues at most `maxQueued`. A failure does not stop the others. */
export function createWorkQueue(maxRunning: number, maxQueued: number, onFailure: (error: unknown) => void): WorkQueue {
  const queue: (() => Promise<void>)[] = [];
  const waiters: (() => void)[] = [];
  let running = 0;
  const startNext = () => {
    while (running < maxRunning && queue.length > 0) {
      running++;
      const work = queue.shift() as () => Promise<void>;
      waiters.shift()?.();
      work()
        .catch(onFailure)
        .finally(() => {
          running--;
          startNext();
        });
    }
  };
  return {
    add: async (work) => {
      while (queue.length >= maxQueued) await new Promise<void>((resolve) => waiters.push(resolve));
      queue.push(work);
      startNext();
    },
  };
}
