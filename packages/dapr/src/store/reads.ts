import type { SidecarClient } from '../sidecar/http-client.ts';
import { storedItem, storedItems } from '../sidecar/responses.ts';
import type { StateStore, Stored } from '../types.ts';
import type { Dialect } from './dialects.ts';

/** Keys in one bulk get: bounds the size of one response. */
const KEYS_PER_READ = 512;
/** Concurrent gets of single keys: leaves connections for other requests. */
const CONCURRENT_GETS = 16;

/** The path of a store, or of one of its keys, in the sidecar's API. */
export const pathOf = (store: string, ...key: readonly string[]): string =>
  ['/v1.0/state', ...[store, ...key].map(encodeURIComponent)].join('/');

/** The reads of a store: one key, or many in bulk. */
export function createReads(client: SidecarClient, path: string, dialect: Dialect): Pick<StateStore, 'get' | 'read'> {
  const get = async (key: string): Promise<Stored | undefined> =>
    storedItem(
      await client.send({ operation: 'state get', method: 'GET', path: `${path}/${encodeURIComponent(key)}` }),
    );

  async function bulkGet(keys: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (let from = 0; from < keys.length; from += KEYS_PER_READ) {
      const body = JSON.stringify({ keys: keys.slice(from, from + KEYS_PER_READ) });
      const response = await client.send({ operation: 'state read', method: 'POST', path: `${path}/bulk`, body });
      for (const [key, stored] of storedItems(response)) found.set(key, stored);
    }
    return found;
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

  async function read(keys: readonly string[]): Promise<Map<string, Stored>> {
    // Each key once: PostgreSQL returns an item without a key for a repeated one.
    const unique = [...new Set(keys)];
    const found = await bulkGet(unique);
    if (!dialect.hidesFailedReads) return found;
    // A key counts as missing only when a get of that key alone, which reports a failure, does not find it either.
    return new Map([...found, ...(await getEach(unique.filter((key) => !found.has(key))))]);
  }

  return { get, read };
}
