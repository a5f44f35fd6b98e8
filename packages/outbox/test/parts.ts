/** Shared by the unit tests: a simple store, clock and document handler. */
import { createRng } from '../simulation/random.ts';
import type { Context } from '../src/context.ts';
import { EntryReader } from '../src/entry-reader.ts';
import { DEFAULT_POLICIES } from '../src/policies.ts';
import type {
  Clock,
  DocumentHandler,
  Operation,
  OutboxDocument,
  Store,
  Stored,
  TransactionOutcome,
  WriteItem,
} from '../src/ports.ts';
import { DEFAULT_SETTINGS } from '../src/settings.ts';
import type { Times } from '../src/util/time.ts';

/** A document that is complete when its count is 100. */
export interface Count extends OutboxDocument {
  readonly count: number;
}

/** When a `ManualClock` starts. */
export const AT_START: Times = { monotonic: 0, wall: 0 };

/** A document with count 0. */
export const countFrom = (id: string, nonce = id): Count => ({ id, nonce, fingerprint: 'f', createdAt: 0, count: 0 });

/** Replies are numbers that are added to the count. Numbers that are not positive are ignored. */
const counting: DocumentHandler<Count, number> = {
  parse: (value) => value as Count,
  pendingChannels: ({ count }) => (count < 100 ? ['more'] : []),
  acknowledged: () => [],
  apply: (document, reply) =>
    reply > 0 ? { document: { ...document, count: document.count + reply } } : { ignored: 'not positive' },
  onTimeout: () => undefined,
};

/** A context with default settings and a transport that accepts every command. */
export const contextFor = <D extends OutboxDocument, A>(
  business: DocumentHandler<D, A>,
  store: Store,
  clock: Clock,
): Context<D, A> => ({
  clock,
  store,
  random: createRng(1).next,
  utilization: () => 0,
  transport: { send: async (batch) => batch.map(() => true) },
  observer: {},
  messageGroupOf: () => undefined,
  settings: DEFAULT_SETTINGS,
  policies: DEFAULT_POLICIES,
  entryReader: new EntryReader(store, clock, {}),
  handler: business,
});

/** A context for documents of type `Count`. */
export const contextOf = (store: Store, clock: Clock): Context<Count, number> => contextFor(counting, store, clock);

/** A store in memory that behaves like Redis under Dapr. */
export class MemoryStore implements Store {
  readonly stored = new Map<string, Stored>();
  /** The expiry of the last write of each key. */
  readonly expiries = new Map<string, number | undefined>();
  reads = 0;
  writes = 0;
  /** Runs a transaction. Tests replace it to inject faults. */
  transacts: (operations: readonly Operation[]) => TransactionOutcome | Promise<TransactionOutcome> = (operations) =>
    this.apply(operations);

  async transact(operations: readonly Operation[]): Promise<TransactionOutcome> {
    return this.transacts(operations);
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    this.reads++;
    return new Map(keys.flatMap((key) => [...this.stored].filter(([found]) => found === key)));
  }

  async write(items: readonly WriteItem[]) {
    this.writes++;
    for (const { key, expiresInSeconds } of items) this.expiries.set(key, expiresInSeconds);
    const stale = items.filter(({ key, etag }) => this.stored.get(key)?.etag !== etag);
    for (const item of items) if (!stale.includes(item)) this.put(item.key, item.value, this.etagAfter(item.etag));
    return stale.length > 0 ? ('conflict' as const) : ('written' as const);
  }

  async remove(key: string) {
    this.stored.delete(key);
    return 'written' as const;
  }

  etagAfter(etag: string | undefined): string {
    return `${Number(etag ?? 0) + 1}`;
  }

  put(key: string, value: unknown, etag = this.etagAfter(this.stored.get(key)?.etag)): void {
    this.stored.set(key, { value, etag });
  }

  /** Applies a transaction. The insertion of an existing key fails, and the other operations are applied. */
  apply(operations: readonly Operation[]): TransactionOutcome {
    let outcome: TransactionOutcome = 'committed';
    for (const operation of operations) {
      const { op, key } = operation;
      if (op === 'delete') this.stored.delete(key);
      else if (op === 'insert' && this.stored.has(key)) outcome = 'unknown';
      else this.put(key, JSON.parse(operation.json));
    }
    return outcome;
  }
}

/** A clock that advances only when a test calls `go`. */
export interface ManualClock extends Clock {
  /** Advances the clock and fires the timers that are due. */
  go(ms: number): void;
}

/** `readMs` is the time by which each read of the clock advances it. */
export const manualClock = (readMs = 0): ManualClock => {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  const read = (): number => {
    now += readMs;
    return now;
  };
  return {
    monotonic: read,
    wall: read,
    setTimer(ms, fire) {
      const timer = { at: now + ms, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    go(ms) {
      now += ms;
      for (const timer of [...timers].filter(({ at }) => at <= now)) if (timers.delete(timer)) timer.fire();
    },
  };
};

/** Resolves when every promise chain that needs no timer has finished. */
export const atRest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
