interface Batch<T, R> {
  readonly items: T[];
  readonly done: PromiseWithResolvers<readonly R[]>;
}

/** Work on several items, with one result each, in order. */
type BatchWork<T, R> = (items: readonly T[]) => Promise<readonly R[]>;

/**
 * Runs `work` once at a time, with all items that were added during the previous run. So work with a fixed cost per run is batched
 * under load, and adds no delay otherwise. Each call resolves to the results of its own items, or rejects with its run.
 */
export function createBatcher<T, R>(work: BatchWork<T, R>): BatchWork<T, R> {
  let next: Batch<T, R> | undefined;
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    for (let batch = next; batch; batch = next) {
      next = undefined;
      await work(batch.items).then(batch.done.resolve, batch.done.reject);
    }
    isRunning = false;
  }

  return async (items) => {
    next ??= { items: [], done: Promise.withResolvers<readonly R[]>() };
    const { items: all, done } = next;
    const from = all.length;
    all.push(...items);
    if (!isRunning) void run();
    const results = await done.promise;
    return results.slice(from, from + items.length);
  };
}
