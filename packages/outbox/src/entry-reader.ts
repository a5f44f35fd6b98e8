import type { Clock, Observer, Store, Stored } from './ports.ts';
import { isEntryKey, REGISTRY_KEY } from './storage-format.ts';
import { reasonOf } from './util/errors.ts';
import { MINUTE, SECOND } from './util/time.ts';

/** Reads of a key must have failed for this long before it can count as unreadable: most failures are outages. */
export const UNREADABLE_AFTER_MS = MINUTE;
/** Maximum time between two failures of one series. */
const SERIES_GAP_MS = 10 * SECOND;
/** With more failed keys than this in one read, the store is at fault and not a key. */
const MAX_FAILED_KEYS = 8;
/** Maximum number of keys whose failures are remembered. */
const MAX_REMEMBERED = 100_000;

/** What the readers of documents and segments get for a key that cannot be read: a value that no parser accepts. */
const UNREADABLE: Stored = { value: undefined, etag: '' };

interface FailureSeries {
  readonly since: number;
  readonly last: number;
}

/** Too many keys failed, or another key than that of a document or a segment. */
class StoreAtFaultError extends Error {}

/**
 * Reads documents and segments for work that leaves an unreadable value unchanged. One key that can never be read would
 * otherwise fail every read that contains it, and so stop the work of its writer (ADR 0118).
 *
 * | state of a key | entered by | left by |
 * |---|---|---|
 * | readable | construction, a successful read | a failed read that contains it: suspect |
 * | suspect | as above | a successful read: readable; alone it fails, after a minute of failures, while the store can be read: unreadable |
 * | unreadable | as above. It is read alone, and its value is undefined | a successful read: readable |
 *
 * It never turns a failure into a missing key. Commits and heartbeats do not use it: for them a present key is a proof.
 */
export class EntryReader {
  readonly #store: Pick<Store, 'read'>;
  readonly #clock: Clock;
  readonly #observer: Pick<Observer<never>, 'event'>;
  readonly #failures = new Map<string, FailureSeries>();
  readonly #unreadable = new Set<string>();

  constructor(store: Pick<Store, 'read'>, clock: Clock, observer: Pick<Observer<never>, 'event'>) {
    this.#store = store;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** As the `read` of a store. The value of an unreadable key is undefined. Rejects when the state of another key is unknown. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    if (this.#unreadable.size === 0) return this.#readTogether(keys);
    const found = new Map(await this.#readTogether(keys.filter((key) => !this.#unreadable.has(key))));
    for (const key of keys) if (this.#unreadable.has(key)) await this.#readAlone(key, found);
    return found;
  }

  async #readTogether(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    if (keys.length === 0) return new Map();
    try {
      const found = await this.#store.read(keys);
      if (this.#failures.size > 0) for (const key of keys) this.#failures.delete(key);
      return found;
    } catch (error) {
      if (!this.#isSuspicious(keys)) throw error;
      return this.#isolate(keys, error);
    }
  }

  /** Notes the failure of these keys. Returns whether one of them has failed for long enough. */
  #isSuspicious(keys: readonly string[]): boolean {
    const now = this.#clock.monotonic();
    if (this.#failures.size > MAX_REMEMBERED) this.#failures.clear();
    let isSuspicious = false;
    for (const key of keys) {
      const known = this.#failures.get(key);
      const since = known === undefined || now - known.last > SERIES_GAP_MS ? now : known.since;
      this.#failures.set(key, { since, last: now });
      isSuspicious ||= now - since >= UNREADABLE_AFTER_MS;
    }
    return isSuspicious;
  }

  /** Finds the keys at fault by halving, if the store can be read. Rejects with `error` if the fault is not theirs. */
  async #isolate(keys: readonly string[], error: unknown): Promise<ReadonlyMap<string, Stored>> {
    const found = new Map<string, Stored>();
    const failed = new Map<string, unknown>();
    try {
      await this.#store.read([REGISTRY_KEY]);
      await this.#halve(keys, found, failed);
    } catch {
      throw error;
    }
    const now = this.#clock.monotonic();
    const isUnreadable = (key: string): boolean => now - (this.#failures.get(key)?.since ?? now) >= UNREADABLE_AFTER_MS;
    if (![...failed.keys()].every(isUnreadable)) throw error;
    for (const [key, reason] of failed) {
      this.#failures.delete(key);
      this.#unreadable.add(key);
      this.#observer.event?.('key-unreadable', { key, reason: reasonOf(reason) });
      found.set(key, UNREADABLE);
    }
    return found;
  }

  async #halve(keys: readonly string[], found: Map<string, Stored>, failed: Map<string, unknown>): Promise<void> {
    try {
      for (const [key, stored] of await this.#store.read(keys)) found.set(key, stored);
      for (const key of keys) this.#failures.delete(key);
    } catch (error) {
      const [key = ''] = keys;
      if (keys.length === 1) failed.set(key, error);
      if (failed.size > MAX_FAILED_KEYS || (keys.length === 1 && !isEntryKey(key))) throw new StoreAtFaultError();
      if (keys.length === 1) return;
      const half = keys.length >> 1;
      await this.#halve(keys.slice(0, half), found, failed);
      await this.#halve(keys.slice(half), found, failed);
    }
  }

  async #readAlone(key: string, found: Map<string, Stored>): Promise<void> {
    try {
      const stored = (await this.#store.read([key])).get(key);
      this.#unreadable.delete(key);
      if (stored !== undefined) found.set(key, stored);
    } catch {
      found.set(key, UNREADABLE);
    }
  }
}
