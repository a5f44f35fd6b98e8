interface Batch<T> {
  readonly items: T[];
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Runs `work` once at a time, with all items that were added during the previous run. So work with a fixed cost per run is batched
 * under load, and adds no delay otherwise. Each call resolves or rejects with its run.
 */
export function createBatcher<T>(work: (items: readonly T[]) => Promise<void>): (items: readonly T[]) => Promise<void> {
  let next: Batch<T> | undefined;
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    for (let batch = next; batch; batch = next) {
      next = undefined;
      await work(batch.items).then(batch.done.resolve, batch.done.reject);
    }
    isRunning = false;
  }

  return (items) => {
    next ??= { items: [], done: Promise.withResolvers<void>() };
    next.items.push(...items);
    const { promise } = next.done;
    if (!isRunning) void run();
    return promise;
  };
}
