import type { SidecarClient } from '../sidecar/client.ts';
import { type BulkItems, bulkItems, isTooLarge, storedItem } from '../sidecar/outcomes.ts';
import { SidecarError, type StateStore, type Stored } from '../types.ts';
import type { Dialect } from './dialects.ts';

/** Keys in one bulk get: with the usual documents one response stays below the largest message. */
const KEYS_PER_READ = 512;
/** Concurrent gets of single keys: leaves room for other requests. */
const CONCURRENT_GETS = 16;

/** The reads of a store: one key, or many in bulk. */
export function createReads(
  client: SidecarClient,
  storeName: string,
  dialect: Dialect,
): Pick<StateStore, 'get' | 'read'> {
  async function get(key: string): Promise<Stored | undefined> {
    const response = await client.send('state get', (dapr, options) => dapr.getState({ storeName, key }, options));
    return storedItem(key, response);
  }

  /** One bulk get. Large documents make its response larger than a message may be; then each half is read by itself. */
  async function bulkGet(keys: string[]): Promise<BulkItems> {
    try {
      const { items } = await client.send('state read', (dapr, options) =>
        dapr.getBulkState({ storeName, keys }, options),
      );
      return bulkItems(items);
    } catch (error) {
      if (!(error instanceof SidecarError && isTooLarge(error)) || keys.length === 1) throw error;
      const half = Math.ceil(keys.length / 2);
      return merged([await bulkGet(keys.slice(0, half)), await bulkGet(keys.slice(half))]);
    }
  }

  async function readInBulk(keys: readonly string[]): Promise<BulkItems> {
    const parts: BulkItems[] = [];
    for (let from = 0; from < keys.length; from += KEYS_PER_READ) {
      parts.push(await bulkGet(keys.slice(from, from + KEYS_PER_READ)));
    }
    return merged(parts);
  }

  async function getEach(keys: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (let from = 0; from < keys.length; from += CONCURRENT_GETS) {
      const some = keys.slice(from, from + CONCURRENT_GETS);
      const values = await Promise.all(some.map(get));
      some.forEach((key, index) => {
        const stored = values[index];
        if (stored) found.set(key, stored);
      });
    }
    return found;
  }

  async function read(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    // Each key once: PostgreSQL returns an item without a key for a repeated one.
    const unique = [...new Set(keys)];
    const { found, failed } = await readInBulk(unique);
    // A key counts as missing only when a get of that key alone, which reports a failure, does not find it either. On Redis a
    // bulk get has an error for each key whose connection broke, and the other keys need not be read again.
    const unsure = dialect.hidesFailedReads ? unique.filter((key) => !found.has(key)) : failed;
    return unsure.length === 0 ? found : new Map([...found, ...(await getEach(unsure))]);
  }

  return { get, read };
}

const merged = (parts: readonly BulkItems[]): BulkItems => ({
  found: new Map(parts.flatMap(({ found }) => [...found])),
  failed: parts.flatMap(({ failed }) => failed),
});
