import type { Operation, Stored, WriteItem } from '../src/ports.ts';
import type { Rng } from './random.ts';
import type { Simulator } from './simulator.ts';

/** The two stores whose behaviour is simulated. */
export type Dialect = 'redis' | 'postgresql';

/** What one step of the store changed, all of it at one time. */
export interface AppliedStep {
  readonly keys: readonly string[];
  /** The requested operations, and whether each one was applied. Undefined for compare-and-set writes. */
  readonly transaction?: readonly { readonly operation: Operation; readonly took: boolean }[];
  readonly origin: WriteOrigin;
}

/** How a write came to be applied. */
export interface WriteOrigin {
  /** When a process requested it. */
  readonly requestedAt: number;
  /** The process had its result before. */
  readonly isLate: boolean;
}

const FIRST_ETAG = '1';

interface RunningTransaction {
  readonly order: ReadonlyMap<string, number>;
  readonly end: number;
}

/** A key-value store as Dapr offers it on Redis or on PostgreSQL, with the measured behaviour of each (README.md). */
export class SimStore {
  readonly dialect: Dialect;
  /** Called after every applied step. */
  onApplied: (applied: AppliedStep) => void = () => {};
  /** Called when a transaction was the victim of a deadlock. */
  onDeadlock: () => void = () => {};
  /** Called after a key has expired. */
  onExpired: (key: string) => void = () => {};
  /** Maximum number of keys. */
  capacity = Number.POSITIVE_INFINITY;
  /**
   * Values from before the run that no write has changed since. Computed on demand, so that millions of keys cost
   * nothing.
   */
  background: (key: string) => unknown = () => undefined;
  private readonly simulator: Simulator;
  private readonly rng: Rng;
  private readonly entries = new Map<string, { readonly json: string; readonly etag: string }>();
  private readonly deleted = new Set<string>();
  /** By key, a function that cancels its expiry. */
  private readonly expiries = new Map<string, () => void>();
  private running: RunningTransaction[] = [];

  constructor(simulator: Simulator, rng: Rng, dialect: Dialect) {
    this.simulator = simulator;
    this.rng = rng;
    this.dialect = dialect;
  }

  get full(): boolean {
    return this.entries.size >= this.capacity;
  }

  has(key: string): boolean {
    return this.entries.has(key) || this.backgroundValue(key) !== undefined;
  }

  get(key: string): Stored | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined) return { value: JSON.parse(entry.json), etag: entry.etag };
    const value = this.backgroundValue(key);
    return value === undefined ? undefined : { value, etag: FIRST_ETAG };
  }

  /** Whether the store will delete this key by itself. */
  expires(key: string): boolean {
    return this.expiries.has(key);
  }

  /** All keys that were written. */
  keys(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** The stored values, in an arbitrary order. */
  read(keys: readonly string[]): Map<string, Stored> {
    const found = new Map<string, Stored>();
    for (const key of this.dialect === 'postgresql' ? [...keys].reverse() : keys) {
      const stored = this.get(key);
      if (stored !== undefined) found.set(key, stored);
    }
    return found;
  }

  /**
   * Applies a transaction and returns whether every operation was applied. `fails` selects operations that fail by
   * themselves: on Redis the others are applied nevertheless, on PostgreSQL none is.
   */
  transact(
    operations: readonly Operation[],
    fails: (index: number) => boolean = () => false,
    origin = this.punctual(),
  ): boolean {
    const takes = operations.map(
      (operation, i) => !fails(i) && !(operation.op === 'insert' && this.has(operation.key)),
    );
    const all = takes.every((took) => took);
    const rolledBack = !all && this.dialect === 'postgresql';
    const transaction = operations.map((operation, i) => ({ operation, took: !rolledBack && takes[i] === true }));
    for (const { operation, took } of transaction) {
      if (!took) continue;
      if (operation.op === 'delete') this.remove(operation.key);
      else this.set(operation.key, JSON.parse(operation.json));
    }
    const keys = transaction.filter((each) => each.took).map((each) => each.operation.key);
    if (keys.length > 0) this.onApplied({ keys, transaction, origin });
    return all;
  }

  /**
   * Duration of a transaction, which waits for others with the same keys. Undefined: it was the victim of a deadlock.
   */
  admit(operations: readonly Operation[], takes: number): number | undefined {
    if (this.dialect === 'redis') return takes;
    const order = new Map(operations.map(({ key }, i) => [key, i]));
    this.running = this.running.filter((each) => each.end > this.simulator.now);
    let end = this.simulator.now + takes;
    for (const other of this.running) {
      const shared = [...order.keys()].filter((key) => other.order.has(key));
      if (shared.length === 0) continue;
      const theirs = shared.map((key) => other.order.get(key) ?? 0);
      if (theirs.some((at, i) => i > 0 && at < (theirs[i - 1] ?? 0))) {
        this.onDeadlock();
        return undefined;
      }
      end = Math.max(end, other.end + takes);
    }
    this.running.push({ order, end });
    return end - this.simulator.now;
  }

  /** Compare-and-set of one item. Returns false when its ETag is stale. */
  compareAndSet({ key, value, etag, expiresInSeconds }: WriteItem, origin = this.punctual()): boolean {
    const stored = this.etag(key);
    const matches = stored === undefined ? this.dialect === 'redis' : stored === etag;
    if (!matches) return false;
    this.set(key, value);
    if (expiresInSeconds !== undefined) this.expireAfter(key, expiresInSeconds);
    this.onApplied({ keys: [key], origin });
    return true;
  }

  /** Deletes a single key, which works even when the store is full. */
  delete(key: string): void {
    this.remove(key);
    this.onApplied({ keys: [key], origin: this.punctual() });
  }

  private punctual(): WriteOrigin {
    return { requestedAt: this.simulator.now, isLate: false };
  }

  private etag(key: string): string | undefined {
    return this.entries.get(key)?.etag ?? (this.backgroundValue(key) === undefined ? undefined : FIRST_ETAG);
  }

  private backgroundValue(key: string): unknown {
    return this.deleted.has(key) ? undefined : this.background(key);
  }

  private remove(key: string): void {
    this.cancelExpiry(key);
    this.entries.delete(key);
    if (this.background(key) !== undefined) this.deleted.add(key);
  }

  private expireAfter(key: string, seconds: number): void {
    this.cancelExpiry(key);
    const cancel = this.simulator.schedule(1000 * seconds, () => {
      this.remove(key);
      this.onExpired(key);
    });
    this.expiries.set(key, cancel);
  }

  private cancelExpiry(key: string): void {
    this.expiries.get(key)?.();
    this.expiries.delete(key);
  }

  /** A write without an expiry removes an earlier one on PostgreSQL, and keeps it on Redis. */
  private set(key: string, value: unknown): void {
    if (this.dialect === 'postgresql') this.cancelExpiry(key);
    // Dapr returns object keys in another order.
    const shuffled = isObject(value) ? Object.fromEntries(Object.entries(value).reverse()) : value;
    this.entries.set(key, { json: JSON.stringify(shuffled), etag: this.nextEtag(key) });
  }

  /** On Redis a counter that starts again after a delete, so ETags repeat; on PostgreSQL a random number. */
  private nextEtag(key: string): string {
    if (this.dialect === 'postgresql') return String(this.rng.int(0, 0xffffffff));
    return String(Number(this.etag(key) ?? 0) + 1);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
