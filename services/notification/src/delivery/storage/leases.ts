import type { StateStore, Stored } from '@standing-order/dapr';
import { StalenessDetector } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { leaseKey } from './logs.ts';

export interface LeasesOptions {
  readonly store: Pick<StateStore, 'read' | 'write' | 'insert' | 'remove'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Unique for each process. */
  readonly owner: string;
}

/**
 * The leases of this process: one document per endpoint, which its owner renews. Another process claims a lease that has not changed
 * for a while by its own clock, so clocks are never compared. Two processes may hold one lease for a moment. Both then deliver the
 * same events, which receivers must expect anyway.
 */
export interface Leases {
  /** Renews and claims leases. Returns the endpoints whose lease this process holds. Rejects if the leases cannot be read. */
  renew(endpoints: readonly string[]): Promise<ReadonlySet<string>>;
  /** Releases all leases, so that other processes can claim them at once. Never rejects. */
  release(): Promise<void>;
  /** Deletes the lease of a deleted endpoint. Never rejects. */
  remove(endpoint: string): Promise<boolean>;
}

interface Lease {
  readonly v: number;
  /** Empty: the lease is free. */
  readonly owner: string;
  readonly beat: number;
}

const VERSION = 1;
/** A lease that has not changed for this long is free. */
const EXPIRES_AFTER_MS = 10_000;
/** Maximum number of claims at a time, so that processes that start together share the endpoints. */
const MAX_CLAIMS = 10;

export function createLeases({ store, clock, owner }: LeasesOptions): Leases {
  const detector = new StalenessDetector(clock);
  let held: ReadonlySet<string> = new Set();

  const leaseOf = (stored: Stored | undefined) => stored?.value as Lease | undefined;
  const ownerOf = (stored: Stored | undefined) => leaseOf(stored)?.owner;
  const nextLease = (newOwner: string, stored?: Stored): Lease => ({
    v: VERSION,
    owner: newOwner,
    beat: (leaseOf(stored)?.beat ?? 0) + 1,
  });

  function isFree(endpoint: string, stored: Stored): boolean {
    if (ownerOf(stored) === '') return true;
    // ETag and beat, because some state stores repeat ETags.
    detector.observe(endpoint, `${stored.etag} ${leaseOf(stored)?.beat}`);
    return detector.unchangedMs(endpoint) >= EXPIRES_AFTER_MS;
  }

  const read = async (endpoints: readonly string[]): Promise<ReadonlyMap<string, Stored>> => {
    const stored = endpoints.length === 0 ? new Map<string, Stored>() : await store.read(endpoints.map(leaseKey));
    return new Map(
      endpoints.flatMap((endpoint) =>
        [stored.get(leaseKey(endpoint))].flatMap((found) => (found ? [[endpoint, found]] : [])),
      ),
    );
  };

  return {
    async renew(endpoints) {
      detector.retain(endpoints);
      const before = await read(endpoints);
      const own = endpoints.filter((endpoint) => ownerOf(before.get(endpoint)) === owner);
      const absent = endpoints.filter((endpoint) => !before.has(endpoint)).slice(0, MAX_CLAIMS);
      const free = [...before].filter(([endpoint, stored]) => ownerOf(stored) !== owner && isFree(endpoint, stored));
      await Promise.all(absent.map((endpoint) => store.insert(leaseKey(endpoint), nextLease(owner))));
      const written = new Set([...own, ...free.slice(0, MAX_CLAIMS - absent.length).map(([endpoint]) => endpoint)]);
      const items = [...before].flatMap(([endpoint, stored]) =>
        written.has(endpoint) ? [{ key: leaseKey(endpoint), value: nextLease(owner, stored), etag: stored.etag }] : [],
      );
      const outcome = items.length > 0 ? await store.write(items) : 'written';
      // Only a read shows which process won a claim.
      const claimed = absent.length + written.size - own.length;
      const after = claimed > 0 || outcome !== 'written' ? await read(endpoints) : before;
      held = new Set(endpoints.filter((endpoint) => ownerOf(after.get(endpoint)) === owner));
      return held;
    },

    async release() {
      const stored = await read([...held]).catch(() => undefined);
      const items = [...(stored ?? [])].flatMap(([endpoint, lease]) =>
        ownerOf(lease) === owner ? [{ key: leaseKey(endpoint), value: nextLease('', lease), etag: lease.etag }] : [],
      );
      if (items.length > 0) await store.write(items);
      held = new Set();
    },

    remove: async (endpoint) => (await store.remove(leaseKey(endpoint))) === 'written',
  };
}
