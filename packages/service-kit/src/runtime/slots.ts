/** Limits how many calls run at the same time. Further calls wait in their order; their number is limited, too. */
export interface Slots {
  /**
   * Calls `start` as soon as a slot is free: at once, or after earlier calls. Returns a function that gives the slot, or the
   * place in the queue, back. Returns undefined when the queue is full.
   */
  enter(start: () => void): (() => void) | undefined;
  /** Resolves when no call runs or waits. */
  idle(): Promise<void>;
}

/** `slots` calls at the same time, and at most `maxWaiting` that wait. */
export function createSlots(slots: number, maxWaiting: number): Slots {
  const waiting = new Set<() => void>();
  const idleListeners: (() => void)[] = [];
  let taken = 0;

  function release(): void {
    const [next] = waiting;
    if (next) {
      waiting.delete(next);
      next();
      return;
    }
    taken--;
    if (taken === 0) for (const listener of idleListeners.splice(0)) listener();
  }

  return {
    enter(start) {
      if (taken < slots) {
        taken++;
        start();
        return release;
      }
      if (waiting.size >= maxWaiting) return undefined;
      let running = false;
      const begin = () => {
        running = true;
        start();
      };
      waiting.add(begin);
      return () => {
        if (running) release();
        else waiting.delete(begin);
      };
    },
    idle: () => (taken === 0 ? Promise.resolve() : new Promise((resolve) => idleListeners.push(resolve))),
  };
}

/** Runs `work` when it has a slot. Returns undefined, and does not run it, when the queue is full. */
export function runInSlot<T>(slots: Slots, work: () => Promise<T>): Promise<T> | undefined {
  const { promise, resolve } = Promise.withResolvers<T>();
  const leave = slots.enter(() => resolve(Promise.try(work)));
  return leave && promise.finally(leave);
}
