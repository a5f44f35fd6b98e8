import type { StateStore, Stored, WriteOutcome } from '@standing-order/dapr';

/** A state store in memory that behaves as Redis does under Dapr. For tests of what is built on a store. */
export interface MemoryStore extends StateStore {
  /** Asked before each write: `false` loses it, and the caller hears `unknown`. */
  takes: (key: string) => boolean;
  /** Asked after each write: `false` loses the answer, and the caller hears what `lost` says. */
  tells: (key: string) => boolean;
  /** `conflict`: the connection to the store was lost, which Dapr calls that, and a key that is created then exists. */
  lost: 'unknown' | 'conflict';
}

/** An empty one, which takes every write and tells every answer. */
export function createMemoryStore(): MemoryStore {
  const items = new Map<string, { json: string; version: number }>();
  const put = (key: string, value: unknown): void => {
    items.set(key, { json: JSON.stringify(value), version: (items.get(key)?.version ?? 0) + 1 });
  };
  const find = (key: string): Stored | undefined => {
    const item = items.get(key);
    return item && { value: JSON.parse(item.json), etag: String(item.version) };
  };
  const update = (key: string, value: unknown, etag: string): WriteOutcome => {
    if (!store.takes(key)) return 'unknown';
    const stored = find(key);
    if (stored && stored.etag !== etag) return 'conflict';
    put(key, value);
    return store.tells(key) ? 'written' : store.lost;
  };
  const store: MemoryStore = {
    takes: () => true,
    tells: () => true,
    lost: 'unknown',
    get: async (key) => find(key),
    async read(keys) {
      const found = new Map<string, Stored>();
      for (const key of keys) {
        const stored = find(key);
        if (stored) found.set(key, stored);
      }
      return found;
    },
    update: async (key, value, etag) => update(key, value, etag),
    async insert(key, value) {
      if (!store.takes(key)) return 'unknown';
      if (items.has(key)) return 'exists';
      put(key, value);
      if (store.tells(key)) return 'created';
      return store.lost === 'conflict' ? 'exists' : 'unknown';
    },
    async write(batch) {
      const outcomes = batch.map(({ key, value, etag }) => update(key, value, etag));
      if (outcomes.includes('unknown')) return 'unknown';
      return outcomes.includes('conflict') ? 'conflict' : 'written';
    },
    async remove(key) {
      if (!store.takes(key)) return 'unknown';
      items.delete(key);
      return 'written';
    },
    transact: async () => 'refused',
    etagAfter: () => undefined,
  };
  return store;
}
