import type { Operation, Store, Stored, TransactionOutcome, WriteItem, WriteOutcome } from '../src/ports.ts';
import type { FaultRates } from './fault-rates.ts';
import type { AwaitKind, Process } from './process.ts';
import type { Rng } from './random.ts';
import type { Simulator } from './simulator.ts';
import type { SimStore } from './store.ts';

/** A sidecar gives up on the store after this time, in milliseconds. */
const STORE_DEADLINE = 3000;
/** A write that is applied within this time, in milliseconds, does not count as late. */
const PUNCTUAL = 50;
/** Probability that the store keeps a transaction that it does not accept yet, and applies it later. */
const HOLD_RATE = 0.3;
/** A process that died is replaced within this time, in milliseconds. */
const RESTART_WITHIN = 60_000;
/** Field of a document that the sidecar refuses with 400 and never forwards. */
const INVALID = 'invalid';

type Fails = (index: number) => boolean;
/** Applies a write. `isLate`: after its result was delivered. */
type Apply<T> = (fails: Fails, isLate: boolean) => T;

/** The store and the faults that all processes share. */
export interface StoreEnvironment {
  readonly simulator: Simulator;
  readonly store: SimStore;
  readonly rates: FaultRates;
  /** Writes that were sent may be applied until this time. */
  writesUntil: number;
  /** Called with every document that a process has read or written, when the process receives the result. */
  onKnown: (process: Process, found: ReadonlyMap<string, Stored>) => void;
}

/** The store as one process reaches it: through a sidecar and a network, each of which may fail. */
export function createFaultyStore(environment: StoreEnvironment, process: Process, rng: Rng): Store {
  const { simulator, store, rates } = environment;
  const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));
  const latency = () => 1 + rng.next() * rates.storeLatency;
  const late = () => rng.logUniform(rates.lateFrom, Math.max(rates.lateFrom, rates.lateUpTo));

  const any = () => rng.chance(0.4);

  const applyLater = (delay: number, apply: () => void) => {
    if (delay > PUNCTUAL) environment.writesUntil = Math.max(environment.writesUntil, simulator.now + delay);
    simulator.schedule(delay, apply);
  };

  /** Sends a request and delivers exactly one result to the process: the first, or `unknown` at the deadline. */
  function call<T>(kind: AwaitKind, unknown: T, arrive: (result: (delay: number, outcome: T) => void) => void) {
    return new Promise<T>((resolve) => {
      const held = process.request(kind);
      const result = (delay: number, outcome: T) => process.respond(kind, delay, () => resolve(outcome));
      const giveUp = process.deliver(held + STORE_DEADLINE, () => resolve(unknown));
      const leave = () =>
        applyLater(latency(), () =>
          arrive((delay, outcome) => {
            giveUp();
            result(delay, outcome);
          }),
        );
      // A request at which a process is paused has not left the process, and never does if the process dies.
      if (held > 0) process.deliver(held, leave);
      else leave();
    });
  }

  /** What happens to a write: applied now or later, once or twice, with or without a result. */
  function deliverWrite<T>(
    kind: 'transact' | 'write' | 'remove',
    parts: readonly Fails[],
    unknown: T,
    apply: Apply<T>,
    result: (delay: number, outcome: T) => void,
  ) {
    const none = () => false;
    const some = rng.pick(parts);
    const full = kind !== 'remove' && (rates.store === 'full' || store.full);
    if (rates.store === 'down' || full) return result(latency(), unknown);
    if (rates.store === 'paused') {
      applyLater(rates.resumesAt - simulator.now + rng.next() * 50, () => apply(none, true));
      return result(STORE_DEADLINE, unknown);
    }
    if (rng.chance(rates.requestLost)) return result(STORE_DEADLINE, unknown);
    if (rng.chance(Math.max(rates.late, kind === 'transact' ? rates.lateTransactions : 0))) {
      const fails = rng.chance(rates.partial) ? some : none;
      applyLater(late(), () => apply(fails, true));
      return result(latency(), unknown);
    }
    if (rng.chance(rates.partial)) {
      apply(some, false);
      if (rng.chance(rates.killRate)) process.die(rng.logUniform(100, RESTART_WITHIN));
      return result(latency(), unknown);
    }
    const outcome = apply(none, false);
    if (rng.chance(rates.repeated)) applyLater(late(), () => apply(none, true));
    if (rng.chance(rates.resultLost)) result(STORE_DEADLINE, unknown);
    else result(latency(), outcome);
  }

  function transact(operations: readonly Operation[]): Promise<TransactionOutcome> {
    const sent = copy(operations);
    const requestedAt = simulator.now;
    return call<TransactionOutcome>('transact', 'unknown', (result) => {
      if (sent.some((each) => each.op !== 'delete' && isInvalid(JSON.parse(each.json))))
        return result(latency(), 'refused');
      const takes = store.admit(sent, rng.int(1, 10));
      if (takes === undefined) return result(latency(), 'unknown');
      applyLater(takes, () => {
        const isInsert: Fails = (index) => sent[index]?.op === 'insert';
        const parts = [any, isInsert, (index: number) => !isInsert(index)];
        const rejected: Fails = (index) => simulator.now < rejectedUntil(sent[index]);
        const until = Math.max(...sent.map(rejectedUntil));
        if (simulator.now < until && until < Number.MAX_SAFE_INTEGER && rng.chance(HOLD_RATE)) {
          applyLater(until - simulator.now, () => store.transact(sent, undefined, { requestedAt, isLate: true }));
          return result(latency(), 'unknown');
        }
        const apply: Apply<TransactionOutcome> = (fails, isLate) =>
          store.transact(sent, (index) => fails(index) || rejected(index), { requestedAt, isLate })
            ? 'committed'
            : 'unknown';
        deliverWrite<TransactionOutcome>('transact', parts, 'unknown', apply, (delay, outcome) => {
          simulator.trace(process.name, 'transact', `${sent.map(brief).join(' ')} -> ${outcome}`);
          result(delay, outcome);
        });
      });
    });
  }

  async function write(items: readonly WriteItem[]): Promise<WriteOutcome> {
    const sent = copy(items);
    const requestedAt = simulator.now;
    const outcome = await call<WriteOutcome>('write', 'unknown', (result) => {
      if (rng.chance(rates.writeLost)) return result(STORE_DEADLINE, 'unknown');
      const set = (some: readonly WriteItem[], fails: Fails, isLate: boolean): WriteOutcome => {
        const outcomes = some.map((item, i) =>
          fails(i) ? 'unknown' : store.compareAndSet(item, { requestedAt, isLate }) ? 'written' : 'conflict',
        );
        if (outcomes.includes('unknown')) return 'unknown';
        return outcomes.includes('conflict') ? 'conflict' : 'written';
      };
      if (sent.length < 2 || !rng.chance(rates.torn))
        return deliverWrite('write', [any], 'unknown', (fails, isLate) => set(sent, fails, isLate), result);
      const half = sent.length >> 1;
      deliverWrite<WriteOutcome>(
        'write',
        [any],
        'unknown',
        (fails, isLate) => set(sent.slice(0, half), fails, isLate),
        (_, first) => {
          applyLater(latency() * 5, () => {
            deliverWrite<WriteOutcome>(
              'write',
              [any],
              'unknown',
              (fails, isLate) => set(sent.slice(half), fails, isLate),
              (delay, second) => result(delay, worse(first, second)),
            );
          });
        },
      );
    });
    if (outcome === 'written') environment.onKnown(process, new Map(sent.map((item) => [item.key, item])));
    return outcome;
  }

  function remove(key: string): Promise<WriteOutcome> {
    return call<WriteOutcome>('remove', 'unknown', (result) => {
      const apply: Apply<WriteOutcome> = (fails) => {
        if (fails(0)) return 'unknown';
        store.delete(key);
        return 'written';
      };
      deliverWrite<WriteOutcome>('remove', [any], 'unknown', apply, result);
    });
  }

  async function read(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    const asked = [...keys];
    const found = await call<ReadonlyMap<string, Stored> | undefined>('read', undefined, (result) => {
      const fails = rates.store === 'down' || rates.store === 'paused' || rng.chance(rates.readFails);
      if (fails) return result(rates.store === 'down' ? latency() : STORE_DEADLINE, undefined);
      if (asked.length < 2 || !rng.chance(rates.torn)) return result(latency(), store.read(asked));
      const first = store.read(asked.filter((_, i) => i % 2 === 0));
      simulator.schedule(latency() * 5, () => {
        result(latency(), new Map([...first, ...store.read(asked.filter((_, i) => i % 2 === 1))]));
      });
    });
    if (found === undefined) throw new Error('the store cannot be read');
    environment.onKnown(process, found);
    return found;
  }

  const etagAfter = (etag: string | undefined): string | undefined =>
    store.dialect === 'redis' ? String(Number(etag ?? 0) + 1) : undefined;

  return { transact, write, remove, read, etagAfter };
}

function worse(a: WriteOutcome, b: WriteOutcome): WriteOutcome {
  return a === 'unknown' || b === 'written' ? a : b;
}

function brief({ op, key }: Operation): string {
  return `${op === 'insert' ? '+' : op === 'upsert' ? '=' : '-'}${key}`;
}

function rejectedUntil(operation: Operation | undefined): number {
  if (operation?.op !== 'insert') return 0;
  return (JSON.parse(operation.json) as { readonly rejectedUntil?: number }).rejectedUntil ?? 0;
}

function isInvalid(value: unknown): boolean {
  return typeof value === 'object' && value !== null && INVALID in value;
}
