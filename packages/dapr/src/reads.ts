import { storedItem, storedItems } from './answers.ts';
import type { SidecarClient } from './client.ts';
import type { Dialect } from './dialects.ts';
import type { StateStore, Stored } from './types.ts';

/** Keys in one bulk get: bounds what one answer can weigh. */
const KEYS_PER_READ = 512;
/** Gets of single keys at a time: leaves connections for everybody else. */
const GETS_AT_ONCE = 16;

/** Where a store is in the sidecar's API, or one of its keys. */
export const pathOf = (store: string, ...key: readonly string[]): string =>
  ['/v1.0/state', ...[store, ...key].map(encodeURIComponent)].join('/');

/** How a store is read: one key, or many at once. */
export function createReads(client: SidecarClient, path: string, dialect: Dialect): Pick<StateStore, 'get' | 'read'> {
  const get = async (key: string): Promise<Stored | undefined> =>
    storedItem(
      await client.call({ operation: 'state get', method: 'GET', path: `${path}/${encodeURIComponent(key)}` }),
    );

  async function bulkGet(keys: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (let from = 0; from < keys.length; from += KEYS_PER_READ) {
      const body = JSON.stringify({ keys: keys.slice(from, from + KEYS_PER_READ) });
      for (const [key, stored] of storedItems(
        await client.call({ operation: 'state read', method: 'POST', path: `${path}/bulk`, body }),
      ))
        found.set(key, stored);
    }
    return found;
  }

  async function getEach(keys: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (let from = 0; from < keys.length; from += GETS_AT_ONCE) {
      const some = keys.slice(from, from + GETS_AT_ONCE);
      const values = await Promise.all(some.map(get));
      some.forEach((key, index) => {
        const stored = values[index];
        if (stored) found.set(key, stored);
      });
    }
    return found;
  }

  async function read(keys: readonly string[]): Promise<Map<string, Stored>> {
    // Each key once: PostgreSQL answers a repeated one with an item that has no key.
    const unique = [...new Set(keys)];
    const found = await bulkGet(unique);
    if (!dialect.hidesFailedReads) return found;
    // Missing is believed only when a get of that key alone, which reports a failure, says so too.
    return new Map([...found, ...(await getEach(unique.filter((key) => !found.has(key))))]);
  }

  return { get, read };
}
