import { createMemoryStore, type MemoryStore } from '@standing-order/testing/memory-store';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Decision, type ModifiableStore, modify } from './modify.ts';

interface Counter {
  readonly count: number;
  readonly by?: string;
}
type Current = { readonly value: unknown } | undefined;

const countOf = (current: Current): number => (current?.value as Counter | undefined)?.count ?? 0;
const add =
  (by?: string) =>
  (current: Current): Decision<number> => {
    const count = countOf(current) + 1;
    return { result: count, write: { count, by } };
  };
const isOwn = (stored: unknown, written: unknown) => (stored as Counter).by === (written as Counter).by;

/** Answers `false` for the attempts of this list, counted from 1. */
const except = (...attempts: readonly number[]) => {
  let attempt = 0;
  return () => !attempts.includes(++attempt);
};

describe('a change', () => {
  test('creates a document, then changes it', async () => {
    const store = createMemoryStore();
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'written', result: 1 });
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'written', result: 2 });
    expect(await store.get('a')).toEqual({ value: { count: 2 }, etag: '2' });
  });

  test('without a new document leaves the stored one', async () => {
    const store = createMemoryStore();
    expect(await modify(store, 'a', () => ({ result: 'full' }))).toEqual({ outcome: 'unchanged', result: 'full' });
    expect(await store.get('a')).toBeUndefined();
  });

  test('of several writers at once counts once for each', async () => {
    const store = createMemoryStore();
    const writers = Array.from({ length: 6 }, (_, n) => modify(store, 'a', add(`w${n}`), { isOwn }));
    expect((await Promise.all(writers)).map(({ outcome }) => outcome)).toEqual(Array(6).fill('written'));
    expect(countOf(await store.get('a'))).toBe(6);
  });

  test('ends as a conflict after as many lost races as attempts, with a pause before each retry', async () => {
    const store = createMemoryStore();
    await store.insert('a', { count: 0 });
    const pauses: number[] = [];
    const raced = { ...store, update: async () => 'conflict' as const };
    const pause = async (attempt: number) => void pauses.push(attempt);
    expect(await modify(raced, 'a', add(), { attempts: 3, pause })).toEqual({ outcome: 'conflict' });
    expect(pauses).toEqual([1, 2, 3]);
  });

  test('that the store cannot store is refused', async () => {
    const store = { ...createMemoryStore(), insert: async () => 'refused' as const };
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'refused' });
  });

  test('rejects when the document cannot be read first', async () => {
    const store = { ...createMemoryStore(), get: () => Promise.reject(new Error('down')) };
    await expect(modify(store, 'a', add())).rejects.toThrow('down');
  });
});

describe('a write without a clear answer', () => {
  test.each(['unknown', 'conflict'] as const)('is recognised when it is stored (%s)', async (lost) => {
    const store = createMemoryStore();
    store.lostAnswer = lost;
    store.confirmsWrite = except(1, 3);
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'written', result: 1 });
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'written', result: 2 });
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'written', result: 3 });
    expect(countOf(await store.get('a'))).toBe(3);
  });

  test('is repeated over the same version when it is not stored', async () => {
    const store = createMemoryStore();
    store.acceptsWrite = except(1);
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'written', result: 1 });
  });

  test('is unknown after two of them', async () => {
    const store = createMemoryStore();
    store.acceptsWrite = () => false;
    expect(await modify(store, 'a', add())).toEqual({ outcome: 'unknown' });
  });

  test('is unknown when the document cannot be read back', async () => {
    const store = createMemoryStore();
    store.acceptsWrite = () => false;
    let reads = 0;
    const failing = {
      ...store,
      get: (key: string) => (++reads > 1 ? Promise.reject(new Error('down')) : store.get(key)),
    };
    expect(await modify(failing, 'a', add())).toEqual({ outcome: 'unknown' });
  });

  test.each([
    ['is recognised when it lands before it is repeated', undefined, { outcome: 'written', result: 1 }],
    ['is unknown when another write is above it', 'another', { outcome: 'unknown' }],
  ])('%s', async (_, by, expected) => {
    const store = createMemoryStore();
    const late: (() => Promise<unknown>)[] = [];
    let writes = 0;
    const slow: ModifiableStore = {
      ...store,
      async insert(key, value) {
        if (++writes === 1) {
          late.push(() => store.insert(key, value));
          return 'unknown';
        }
        for (const apply of late) await apply();
        if (by !== undefined) await modify(store, key, add(by), { isOwn });
        return store.insert(key, value);
      },
    };
    expect(await modify(slow, 'a', add('own'), { isOwn })).toEqual(expected);
    expect(countOf(await store.get('a'))).toBe(by === undefined ? 1 : 2);
  });

  test.each([
    [undefined, { outcome: 'unknown' }],
    [true, { outcome: 'written', result: 11 }],
  ] as const)('below the write of another process: idempotent %s gives %j', async (idempotent, expected) => {
    const store = createMemoryStore();
    store.confirmsWrite = except(1);
    let reads = 0;
    const raced = {
      ...store,
      async get(key: string) {
        if (++reads === 2) await store.update(key, { count: 10 }, '1');
        return store.get(key);
      },
    };
    expect(await modify(raced, 'a', add(), { ...(idempotent && { idempotent }) })).toEqual(expected);
  });
});

/** A document that keeps the marks of all its changes. */
interface Marked extends Counter {
  readonly marks: readonly string[];
}
const FAULTS = ['none', 'lost', 'late', 'answer lost'] as const;

/** A store whose calls are ordered by the scheduler. A late write is applied at the second call after it. */
function unreliable(
  memory: MemoryStore,
  scheduler: fc.Scheduler,
  plan: readonly (typeof FAULTS)[number][],
): ModifiableStore {
  let writes = 0;
  let calls = 0;
  const late: { readonly at: number; readonly apply: () => Promise<unknown> }[] = [];
  async function call<T>(work: () => Promise<T>): Promise<T> {
    await scheduler.schedule(Promise.resolve());
    calls++;
    for (const { at, apply } of late) if (at === calls) await apply();
    return work();
  }
  const write = <T>(work: () => Promise<T>) =>
    call<T | 'unknown'>(async () => {
      const fault = plan[writes++] ?? 'none';
      if (fault === 'late') late.push({ at: calls + 2, apply: work });
      if (fault === 'lost' || fault === 'late') return 'unknown';
      memory.confirmsWrite = () => fault !== 'answer lost';
      return work();
    });
  return {
    get: (key) => call(() => memory.get(key)),
    insert: (key, value) => write(() => memory.insert(key, value)),
    update: (key, value, etag) => write(() => memory.update(key, value, etag)),
  };
}

test('a marked change is applied at most once, and is applied when it is written, with any writers and any faults', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.constantFrom(...FAULTS), { maxLength: 12 }),
      // When a lost answer looks like a conflict, the newest mark is not enough.
      fc.constantFrom(['unknown', 'newest'], ['unknown', 'all'], ['conflict', 'all']),
      async (scheduler, writers, plan, [lost, seen]) => {
        const memory = createMemoryStore();
        memory.lostAnswer = lost as MemoryStore['lostAnswer'];
        const store = unreliable(memory, scheduler, plan);
        const results = Array.from({ length: writers }, (_, n) =>
          modify(
            store,
            'key',
            (current) => {
              const { marks = [] } = (current?.value ?? {}) as Partial<Marked>;
              return { result: n, write: { count: countOf(current) + 1, marks: [...marks, `w${n}`] } };
            },
            { isOwn: (stored) => (stored as Marked).marks.slice(seen === 'all' ? 0 : -1).includes(`w${n}`) },
          ),
        );
        const outcomes = await scheduler.waitFor(Promise.all(results));
        const { marks = [] } = ((await memory.get('key'))?.value ?? {}) as Partial<Marked>;
        expect(new Set(marks).size).toBe(marks.length);
        const written = outcomes.flatMap((modified) => (modified.outcome === 'written' ? [`w${modified.result}`] : []));
        expect(marks).toEqual(expect.arrayContaining(written));
      },
    ),
    { numRuns: 500 },
  );
});

test('a marked change counts exactly once when it is written, and at most once otherwise, with any faults of the store', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('ok', 'lost write', 'lost answer'), { maxLength: 12 }),
      fc.constantFrom('unknown', 'conflict'),
      async (faults, lost) => {
        const store = createMemoryStore();
        store.lostAnswer = lost;
        let at = -1;
        store.acceptsWrite = () => faults[++at] !== 'lost write';
        store.confirmsWrite = () => faults[at] !== 'lost answer';
        let written = 0;
        let unclear = 0;
        for (const by of ['a', 'b', 'c']) {
          const { outcome } = await modify(store, 'key', add(by), { isOwn });
          if (outcome === 'written') written++;
          else unclear++;
        }
        const count = countOf(await store.get('key'));
        expect(count).toBeGreaterThanOrEqual(written);
        expect(count).toBeLessThanOrEqual(written + unclear);
      },
    ),
  );
});
