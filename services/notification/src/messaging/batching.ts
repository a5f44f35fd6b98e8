interface Batch<T> {
  readonly items: T[];
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Runs `work` once at a time; what is asked for meanwhile goes together into the next run. So what costs the same for many
 * as for one is done for many when there are many, and nobody waits when there are few. Resolves or rejects as the run did.
 */
export function gather<T>(work: (items: readonly T[]) => Promise<void>): (items: readonly T[]) => Promise<void> {
  let next: Batch<T> | undefined;
  let running = false;

  async function run(): Promise<void> {
    running = true;
    for (let batch = next; batch; batch = next) {
      next = undefined;
      await work(batch.items).then(batch.done.resolve, batch.done.reject);
    }
    running = false;
  }

  return (items) => {
    next ??= { items: [], done: Promise.withResolvers<void>() };
    next.items.push(...items);
    const { promise } = next.done;
    if (!running) void run();
    return promise;
  };
}
