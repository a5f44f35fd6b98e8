import { SidecarError, type StateStore, type Stored, type WriteOutcome } from '@standing-order/dapr';

/** A state store in memory that behaves as Redis does under Dapr, with faults that a test injects. */
export interface MemoryStore extends StateStore {
  /** A copy of the stored items, by key. */
  readonly entries: ReadonlyMap<string, Stored>;
  /** The expiry of the last write of each key, in seconds. The store deletes no key by itself. */
  readonly expiries: ReadonlyMap<string, number | undefined>;
  /** While true, every read rejects and every write is lost. */
  down: boolean;
  /** Called before each write. `false` loses the write: its outcome is `unknown`. */
  acceptsWrite: (key: string) => boolean;
  /** Called after each write. `false` loses the answer: the outcome is `lostAnswer`. */
  confirmsWrite: (key: string) => boolean;
  /** Dapr calls a lost connection a conflict; a creation then looks as if the key had existed. */
  lostAnswer: 'unknown' | 'conflict';
}

/** An empty store without faults. */
export function createMemoryStore(): MemoryStore {
  const items = new Map<string, { readonly json: string; readonly version: number }>();
  const put = (key: string, value: unknown): void => {
    items.set(key, { json: JSON.stringify(value), version: (items.get(key)?.version ?? 0) + 1 });
  };
  const expiries = new Map<string, number | undefined>();
  const find = (key: string): Stored | undefined => {
    const item = items.get(key);
    return item && { value: JSON.parse(item.json), etag: String(item.version) };
  };
  const findAll = (keys: Iterable<string>): Map<string, Stored> => {
    const found = new Map<string, Stored>();
    for (const key of keys) {
      const stored = find(key);
      if (stored) found.set(key, stored);
    }
    return found;
  };
  const checkUp = (): void => {
    if (store.down) throw new SidecarError('the store is down');
  };
  const losesWrite = (key: string): boolean => store.down || !store.acceptsWrite(key);
  const update = (key: string, value: unknown, etag: string): WriteOutcome => {
    if (losesWrite(key)) return 'unknown';
    const stored = find(key);
    if (stored && stored.etag !== etag) return 'conflict';
    put(key, value);
    return store.confirmsWrite(key) ? 'written' : store.lostAnswer;
  };

  const store: MemoryStore = {
    get entries() {
      return findAll(items.keys());
    },
    expiries,
    down: false,
    acceptsWrite: () => true,
    confirmsWrite: () => true,
    lostAnswer: 'unknown',
    async get(key) {
      checkUp();
      return find(key);
    },
    async read(keys) {
      checkUp();
      return findAll(keys);
    },
    update: async (key, value, etag) => update(key, value, etag),
    async insert(key, value, expiresInSeconds) {
      if (losesWrite(key)) return 'unknown';
      if (items.has(key)) return 'exists';
      put(key, value);
      expiries.set(key, expiresInSeconds);
      if (store.confirmsWrite(key)) return 'created';
      return store.lostAnswer === 'conflict' ? 'exists' : 'unknown';
    },
    async write(batch) {
      const outcomes = batch.map(({ key, value, etag }) => update(key, value, etag));
      for (const { key, expiresInSeconds } of batch) expiries.set(key, expiresInSeconds);
      if (outcomes.includes('unknown')) return 'unknown';
      return outcomes.includes('conflict') ? 'conflict' : 'written';
    },
    async remove(key) {
      if (losesWrite(key)) return 'unknown';
      items.delete(key);
      return 'written';
    },
    transact: async () => 'refused',
    etagAfter: () => undefined,
  };
  return store;
}
