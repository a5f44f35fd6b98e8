import type { Operation, Store, Stored, TransactionOutcome, WriteOutcome } from '../src/ports.ts';
import type { AwaitKind, Process } from './process.ts';
import type { Rng } from './random.ts';
import type { Item, SimStore } from './store.ts';
import type { Weather } from './weather.ts';
import type { World } from './world.ts';

/** When a sidecar gives up on the store, in milliseconds. */
const STORE_DEADLINE = 3000;
/** What lands within this time, in milliseconds, is not late. */
const ORDINARY = 50;
/** How often the store holds on to a transaction that it does not take yet, and applies it when it does. */
const HELD = 0.3;
/** Within this time, in milliseconds, one that died is replaced. */
const MOURNING = 60_000;
/** What a sidecar answers with 400 and never sends on. */
const POISON = 'poison';

type Fails = (index: number) => boolean;

export interface Sea {
  readonly world: World;
  readonly store: SimStore;
  readonly weather: Weather;
  /** Until when writes that were sent may still land. */
  landsUntil: number;
  /** Told of every document that a process has read or written, at the moment it knows. */
  onLearn: (process: Process, found: ReadonlyMap<string, Stored>) => void;
}

/** The store as one process reaches it: through a sidecar and a network, each of which may fail. */
export function createLink(sea: Sea, process: Process, rng: Rng): Store {
  const { world, store, weather } = sea;
  const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));
  const latency = () => 1 + rng.next() * weather.storeLatency;
  const late = () => rng.span(weather.lateFrom, Math.max(weather.lateFrom, weather.lateUpTo));

  const any = () => rng.chance(0.4);

  const land = (delay: number, apply: () => void) => {
    if (delay > ORDINARY) sea.landsUntil = Math.max(sea.landsUntil, world.now + delay);
    world.schedule(delay, apply);
  };

  /** Sends a request and gives the process exactly one answer: the first, or `unknown` at the deadline. */
  function call<T>(kind: AwaitKind, unknown: T, arrive: (answer: (delay: number, outcome: T) => void) => void) {
    return new Promise<T>((resolve) => {
      const held = process.request(kind);
      const answer = (delay: number, outcome: T) => process.answer(kind, delay, () => resolve(outcome));
      const giveUp = process.deliver(held + STORE_DEADLINE, () => resolve(unknown));
      const leave = () =>
        land(latency(), () =>
          arrive((delay, outcome) => {
            giveUp();
            answer(delay, outcome);
          }),
        );
      // What a process is held at has not left it yet, and never does if it dies.
      if (held > 0) process.deliver(held, leave);
      else leave();
    });
  }

  /** What becomes of a write on its way: applied now or later, once or twice, answered or not. */
  function carry<T>(
    kind: 'transact' | 'write' | 'remove',
    parts: readonly Fails[],
    unknown: T,
    apply: (fails: Fails) => T,
    answer: (delay: number, outcome: T) => void,
  ) {
    const none = () => false;
    const some = rng.pick(parts);
    const full = kind !== 'remove' && (weather.store === 'full' || store.full);
    if (weather.store === 'down' || full) return answer(latency(), unknown);
    if (weather.store === 'frozen') {
      land(weather.thawsAt - world.now + rng.next() * 50, () => apply(none));
      return answer(STORE_DEADLINE, unknown);
    }
    if (rng.chance(weather.requestLost)) return answer(STORE_DEADLINE, unknown);
    if (rng.chance(Math.max(weather.late, kind === 'transact' ? weather.lateBatches : 0))) {
      const fails = rng.chance(weather.partial) ? some : none;
      land(late(), () => apply(fails));
      return answer(latency(), unknown);
    }
    if (rng.chance(weather.partial)) {
      apply(some);
      if (rng.chance(weather.deadly)) process.die(rng.span(100, MOURNING));
      return answer(latency(), unknown);
    }
    const outcome = apply(none);
    if (rng.chance(weather.twice)) land(late(), () => apply(none));
    if (rng.chance(weather.answerLost)) answer(STORE_DEADLINE, unknown);
    else answer(latency(), outcome);
  }

  function transact(operations: readonly Operation[]): Promise<TransactionOutcome> {
    const sent = copy(operations);
    return call<TransactionOutcome>('transact', 'unknown', (answer) => {
      if (sent.some((each) => each.op !== 'delete' && isPoison(JSON.parse(each.json))))
        return answer(latency(), 'refused');
      const takes = store.admit(sent, rng.int(1, 10));
      if (takes === undefined) return answer(latency(), 'unknown');
      land(takes, () => {
        const isInsert: Fails = (index) => sent[index]?.op === 'insert';
        const parts = [any, isInsert, (index: number) => !isInsert(index)];
        const stubborn: Fails = (index) => world.now < stubbornUntil(sent[index]);
        const until = Math.max(...sent.map(stubbornUntil));
        if (world.now < until && until < Number.MAX_SAFE_INTEGER && rng.chance(HELD)) {
          land(until - world.now, () => store.transact(sent));
          return answer(latency(), 'unknown');
        }
        const apply = (fails: Fails) =>
          store.transact(sent, (index) => fails(index) || stubborn(index)) ? 'committed' : 'unknown';
        carry<TransactionOutcome>('transact', parts, 'unknown', apply, (delay, outcome) => {
          world.trace(process.name, 'transact', `${sent.map(brief).join(' ')} -> ${outcome}`);
          answer(delay, outcome);
        });
      });
    });
  }

  async function write(items: readonly Item[]): Promise<WriteOutcome> {
    const sent = copy(items);
    const outcome = await call<WriteOutcome>('write', 'unknown', (answer) => {
      if (rng.chance(weather.writeLost)) return answer(STORE_DEADLINE, 'unknown');
      const set = (some: readonly Item[], fails: Fails): WriteOutcome => {
        const outcomes = some.map((item, i) =>
          fails(i) ? 'unknown' : store.compareAndSet(item) ? 'written' : 'conflict',
        );
        if (outcomes.includes('unknown')) return 'unknown';
        return outcomes.includes('conflict') ? 'conflict' : 'written';
      };
      if (sent.length < 2 || !rng.chance(weather.torn))
        return carry('write', [any], 'unknown', (fails) => set(sent, fails), answer);
      const half = sent.length >> 1;
      carry<WriteOutcome>(
        'write',
        [any],
        'unknown',
        (fails) => set(sent.slice(0, half), fails),
        (_, first) => {
          land(latency() * 5, () => {
            carry<WriteOutcome>(
              'write',
              [any],
              'unknown',
              (fails) => set(sent.slice(half), fails),
              (delay, second) => answer(delay, worse(first, second)),
            );
          });
        },
      );
    });
    if (outcome === 'written') sea.onLearn(process, new Map(sent.map((item) => [item.key, item])));
    return outcome;
  }

  function remove(key: string): Promise<WriteOutcome> {
    return call<WriteOutcome>('remove', 'unknown', (answer) => {
      const apply = (fails: Fails): WriteOutcome => {
        if (fails(0)) return 'unknown';
        store.delete(key);
        return 'written';
      };
      carry<WriteOutcome>('remove', [any], 'unknown', apply, answer);
    });
  }

  async function read(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    const asked = [...keys];
    const found = await call<ReadonlyMap<string, Stored> | undefined>('read', undefined, (answer) => {
      const fails = weather.store === 'down' || weather.store === 'frozen' || rng.chance(weather.readFails);
      if (fails) return answer(weather.store === 'down' ? latency() : STORE_DEADLINE, undefined);
      if (asked.length < 2 || !rng.chance(weather.torn)) return answer(latency(), store.read(asked));
      const first = store.read(asked.filter((_, i) => i % 2 === 0));
      world.schedule(latency() * 5, () => {
        answer(latency(), new Map([...first, ...store.read(asked.filter((_, i) => i % 2 === 1))]));
      });
    });
    if (found === undefined) throw new Error('the store cannot be read');
    sea.onLearn(process, found);
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

function stubbornUntil(operation: Operation | undefined): number {
  if (operation?.op !== 'insert') return 0;
  return (JSON.parse(operation.json) as { readonly stubbornUntil?: number }).stubbornUntil ?? 0;
}

function isPoison(value: unknown): boolean {
  return typeof value === 'object' && value !== null && POISON in value;
}
