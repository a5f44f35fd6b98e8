import type { StateStore, Stored } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { leaseOf } from './logs.ts';

export interface LeasesOptions {
  readonly store: Pick<StateStore, 'read' | 'write' | 'insert' | 'remove'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Tells this process from every other one. */
  readonly owner: string;
}

/**
 * Who delivers for a webhook: a document for each, that its owner writes again and again. Another process takes one that has
 * not changed for a while by its own clock, so no two clocks are compared. For a moment two may believe to have it; they
 * then deliver the same events twice, which receivers have to expect anyway.
 */
export interface Leases {
  /** Renews, claims, and says which of these are this process's now. Rejects when the store can't be read. */
  tick(hooks: readonly string[]): Promise<ReadonlySet<string>>;
  /** Lets others have them at once. Never rejects. */
  release(): Promise<void>;
  /** Removes one of a webhook that is gone. Never rejects. */
  remove(hook: string): Promise<boolean>;
}

interface Lease {
  readonly v: number;
  /** Empty: nobody. */
  readonly owner: string;
  readonly beat: number;
}

const VERSION = 1;
/** A lease that has not changed for so long is free. */
const FREE_AFTER_MS = 10_000;
/** Claimed at a time, so that processes that start together share. */
const CLAIMS = 10;

/** Leases of a process that has none yet. */
export function createLeases({ store, clock, owner }: LeasesOptions): Leases {
  /** When each lease was seen to change, by its ETag. */
  const seen = new Map<string, { readonly etag: string; readonly at: number }>();
  let held: ReadonlySet<string> = new Set();

  const lease = (of: string, stored?: Stored): Lease => ({
    v: VERSION,
    owner: of,
    beat: ((stored?.value as Lease | undefined)?.beat ?? 0) + 1,
  });
  const ownerOf = (stored: Stored | undefined) => (stored?.value as Lease | undefined)?.owner;

  function isFree(hook: string, stored: Stored): boolean {
    if (ownerOf(stored) === '') return true;
    const now = clock.monotonic();
    const last = seen.get(hook);
    if (last?.etag === stored.etag) return now - last.at >= FREE_AFTER_MS;
    seen.set(hook, { etag: stored.etag, at: now });
    return false;
  }

  const read = async (hooks: readonly string[]): Promise<ReadonlyMap<string, Stored>> => {
    const stored = hooks.length === 0 ? new Map<string, Stored>() : await store.read(hooks.map(leaseOf));
    return new Map(
      hooks.flatMap((hook) => [stored.get(leaseOf(hook))].flatMap((found) => (found ? [[hook, found]] : []))),
    );
  };

  return {
    async tick(hooks) {
      for (const hook of seen.keys()) if (!hooks.includes(hook)) seen.delete(hook);
      const before = await read(hooks);
      const mine = hooks.filter((hook) => ownerOf(before.get(hook)) === owner);
      const absent = hooks.filter((hook) => !before.has(hook)).slice(0, CLAIMS);
      const free = [...before].filter(([hook, stored]) => ownerOf(stored) !== owner && isFree(hook, stored));
      await Promise.all(absent.map((hook) => store.insert(leaseOf(hook), lease(owner))));
      const written = new Set([...mine, ...free.slice(0, CLAIMS - absent.length).map(([hook]) => hook)]);
      const items = [...before].flatMap(([hook, stored]) =>
        written.has(hook) ? [{ key: leaseOf(hook), value: lease(owner, stored), etag: stored.etag }] : [],
      );
      const outcome = items.length > 0 ? await store.write(items) : 'written';
      // Who won shows only in the store.
      const claimed = absent.length + written.size - mine.length;
      const after = claimed > 0 || outcome !== 'written' ? await read(hooks) : before;
      held = new Set(hooks.filter((hook) => ownerOf(after.get(hook)) === owner));
      return held;
    },

    async release() {
      const stored = await read([...held]).catch(() => undefined);
      const items = [...(stored ?? [])].flatMap(([hook, own]) =>
        ownerOf(own) === owner ? [{ key: leaseOf(hook), value: lease('', own), etag: own.etag }] : [],
      );
      if (items.length > 0) await store.write(items);
      held = new Set();
    },

    remove: async (hook) => (await store.remove(leaseOf(hook))) === 'written',
  };
}
