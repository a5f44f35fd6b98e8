import type { LookupFunction } from 'node:net';

/** Resolves a host name to its addresses. Rejects when it cannot be resolved. */
export type NameLookup = (hostname: string) => Promise<readonly string[]>;

/** A lookup that takes longer belongs to a name whose name servers do not respond. */
const SLOW_MS = 1_000;
/** More than the names of all endpoints. */
const MAX_SLOW_NAMES = 1_000;

/**
 * Lets names wait for each other only if their name servers do not respond. The system's resolver blocks a thread for 5 to 30 s for such
 * a name, and Node gives it two threads: two connections to one receiver would keep deliveries from all others. So a name is
 * looked up once at a time, and of the slow names one at a time.
 *
 * @param now monotonic time in milliseconds
 */
export function createNameLookup(lookup: LookupFunction, now: () => number = () => performance.now()): NameLookup {
  const inWork = new Map<string, Promise<readonly string[]>>();
  const slow = new Set<string>();
  let lastSlow: Promise<unknown> = Promise.resolve();

  async function resolve(hostname: string): Promise<readonly string[]> {
    const startedAt = now();
    try {
      return await systemAddresses(lookup, hostname);
    } finally {
      slow.delete(hostname);
      if (now() - startedAt > SLOW_MS && slow.size < MAX_SLOW_NAMES) slow.add(hostname);
    }
  }

  function resolveInTurn(hostname: string): Promise<readonly string[]> {
    if (!slow.has(hostname)) return resolve(hostname);
    const found = lastSlow.then(() => resolve(hostname));
    lastSlow = found.catch(() => undefined);
    return found;
  }

  return (hostname) => {
    const existing = inWork.get(hostname);
    if (existing) return existing;
    const found = resolveInTurn(hostname).finally(() => inWork.delete(hostname));
    inWork.set(hostname, found);
    return found;
  };
}

const systemAddresses = (lookup: LookupFunction, hostname: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, found) => {
      if (error) reject(error);
      else resolve(Array.isArray(found) ? found.map(({ address }) => address) : []);
    });
  });
