/** Work that follows an answer: so much of it at a time, so much of it waiting, and whoever brings more waits. */
export interface Background {
  /** Resolves when the work has a place, not when it is done. */
  add(work: () => Promise<void>): Promise<void>;
}

/** At most `atOnce` pieces of work under way and `waiting` more behind them. Their failures are counted in `failed`. */
export function background(atOnce: number, waiting: number, failed: (error: unknown) => void): Background {
  const queue: (() => Promise<void>)[] = [];
  const blocked: (() => void)[] = [];
  let underWay = 0;
  const next = () => {
    while (underWay < atOnce && queue.length > 0) {
      underWay++;
      const work = queue.shift() as () => Promise<void>;
      blocked.shift()?.();
      work()
        .catch(failed)
        .finally(() => {
          underWay--;
          next();
        });
    }
  };
  return {
    add: async (work) => {
      while (queue.length >= waiting) await new Promise<void>((resolve) => blocked.push(resolve));
      queue.push(work);
      next();
    },
  };
}
