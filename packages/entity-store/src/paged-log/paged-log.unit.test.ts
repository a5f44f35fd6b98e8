import { createMemoryStore, type MemoryStore } from '@standing-order/testing/memory-store';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPagedLog, type LogEntry, type PagedLog } from './index.ts';

type Logged = { readonly position: number; readonly id: string };

const LOG = 'log:a';

const named = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ id: `e${from + index}` }));

async function forwards(log: PagedLog<LogEntry>, limit = 100): Promise<Logged[]> {
  const all: Logged[] = [];
  for (let after = 0; ; after = all.at(-1)?.position ?? 0) {
    const { entries, more } = await log.read(LOG, { after, limit });
    all.push(...entries.map(({ position, entry }) => ({ position, id: entry.id })));
    if (!more) return all;
  }
}

async function backwards(log: PagedLog<LogEntry>, limit = 100): Promise<Logged[]> {
  const all: Logged[] = [];
  for (let before: number | undefined; ; before = all.at(-1)?.position) {
    const { entries, more } = await log.read(LOG, { before, limit });
    all.push(...entries.map(({ position, entry }) => ({ position, id: entry.id })));
    if (!more) return all;
  }
}

it('a new log is empty', async () => {
  const log = createPagedLog(createMemoryStore());
  const empty = { entries: [], more: false, newest: 0 };
  expect(await log.read(LOG, { limit: 10 })).toEqual(empty);
  expect(await log.read(LOG, { after: 0, limit: 10 })).toEqual(empty);
  expect(await log.read(LOG, { before: 5, limit: 10 })).toEqual(empty);
});

it('entries have the same positions in both directions and across pages', async () => {
  const log = createPagedLog(createMemoryStore());
  for (let n = 1; n <= 347; n++) await log.append([{ name: LOG, entries: named(n, n) }]);
  const all = named(1, 347).map(({ id }, index) => ({ position: index + 1, id }));
  for (const limit of [1, 7, 100, 1_000]) {
    expect(await forwards(log, limit)).toEqual(all);
    expect(await backwards(log, limit)).toEqual(all.toReversed());
  }
  expect((await log.read(LOG, { after: 347, limit: 1 })).entries).toEqual([]);
  expect((await log.read(LOG, { before: 1, limit: 1 })).entries).toEqual([]);
  expect((await log.read(LOG, { before: 9_999, limit: 1 })).entries).toMatchObject([{ position: 347 }]);
});

it('appends more entries than fit into one write, and recognises repeated ones', async () => {
  const log = createPagedLog(createMemoryStore());
  const additions = [{ name: LOG, entries: named(1, 1_234) }];
  expect(await log.append(additions)).toEqual([true]);
  expect((await forwards(log)).map(({ id }) => id)).toEqual(additions[0]?.entries.map(({ id }) => id));
  expect(await log.append([{ name: LOG, entries: named(1_190, 1_234) }])).toEqual([true]);
  expect((await log.read(LOG, { limit: 1 })).newest).toBe(1_234);
});

it('appends an entry with the id of another one when their identities differ', async () => {
  const log = createPagedLog<LogEntry & { n: number }>(createMemoryStore(), {
    identityOf: ({ id, n }) => `${id} ${n}`,
  });
  const append = (...numbers: number[]) => log.append([{ name: LOG, entries: numbers.map((n) => ({ id: 'e', n })) }]);
  await append(1, 2, 1);
  await append(2, 3);
  const { entries } = await log.read(LOG, { after: 0, limit: 10 });
  expect(entries.map(({ entry }) => entry.n)).toEqual([1, 2, 3]);
});

/** A log over the store that reports every call before it is made. */
function observed(memory: MemoryStore, onCall: (call: 'read' | 'write' | 'insert', values: unknown[]) => void) {
  return createPagedLog<LogEntry>({
    ...memory,
    read(keys) {
      onCall('read', []);
      return memory.read(keys);
    },
    write(items) {
      onCall(
        'write',
        items.map(({ value }) => value),
      );
      return memory.write(items);
    },
    insert(key, value) {
      onCall('insert', [value]);
      return memory.insert(key, value);
    },
  });
}

it('appends to many logs with one read and one write', async () => {
  const calls: string[] = [];
  const log = observed(createMemoryStore(), (call) => calls.push(call));
  const additions = (n: number) =>
    ['log:a', 'log:b', 'log:a'].map((name, i) => ({ name, entries: named(n + i, n + i) }));
  expect(await log.append(additions(1))).toEqual([true, true, true]);
  expect(calls.splice(0)).toEqual(['read', 'insert', 'insert']);
  expect(await log.append(additions(11))).toEqual([true, true, true]);
  expect(calls).toEqual(['read', 'write']);
  expect((await forwards(log)).map(({ id }) => id)).toEqual(['e1', 'e3', 'e11', 'e13']);
  expect((await log.read('log:b', { limit: 9 })).newest).toBe(2);
});

it('confirms only the additions that are stored: not those that fail, nor those to a log of another version', async () => {
  const store = createMemoryStore();
  await store.insert('log:new', { v: 2 });
  const log = createPagedLog<LogEntry>(store);
  const additions = ['log:new', 'log:b'].map((name) => ({ name, entries: named(1, 1) }));
  expect(await log.append(additions)).toEqual([false, true]);
  await expect(log.read('log:new', { limit: 1 })).rejects.toThrow('version 2');
  store.acceptsWrite = () => false;
  expect(await log.append([{ name: 'log:b', entries: named(2, 2) }])).toEqual([false]);
  store.read = () => Promise.reject(new Error('down'));
  expect(await log.append([{ name: 'log:b', entries: named(2, 2) }])).toEqual([false]);
});

const FAULTS = ['none', 'lost', 'answer lost', 'doubled', 'late'] as const;
type Fault = (typeof FAULTS)[number];

/** A store whose calls are ordered by the scheduler, and whose writes fail in every way that Dapr can. */
function unreliable(memory: MemoryStore, scheduler: fc.Scheduler, plan: readonly Fault[]): MemoryStore {
  let writes = 0;
  let late: (() => Promise<unknown>)[] = [];
  const turn = () => scheduler.schedule(Promise.resolve());

  async function writeWithFault<T>(write: () => Promise<T>): Promise<T | 'unknown'> {
    await turn();
    const fault = plan[writes++] ?? 'none';
    for (const land of late.splice(0)) await land();
    if (fault === 'late') late = [...late, write];
    if (fault === 'lost' || fault === 'late') return 'unknown';
    if (fault === 'doubled') await write();
    const outcome = await write();
    return fault === 'answer lost' ? 'unknown' : outcome;
  }
  return {
    ...memory,
    get: (key) => turn().then(() => memory.get(key)),
    read: (keys) => turn().then(() => memory.read(keys)),
    write: (items) => writeWithFault(() => memory.write(items)),
    insert: (key, value) => writeWithFault(() => memory.insert(key, value)),
  };
}

/** Appends a batch until it is confirmed. */
async function addAll(log: PagedLog<LogEntry>, entries: readonly LogEntry[]): Promise<void> {
  while (!(await log.append([{ name: LOG, entries }]))[0]);
}

const appenders = (max: number) =>
  fc.array(fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 });

async function grow(scheduler: fc.Scheduler, batches: readonly (readonly number[])[], plan: readonly Fault[]) {
  const memory = createMemoryStore();
  const log = createPagedLog<LogEntry>(unreliable(memory, scheduler, plan));
  const seen: Logged[][] = [];
  let next = 1;
  const works = batches.map((sizes) => {
    const mine = sizes.map((size) => {
      next += size;
      return named(next - size, next - 1);
    });
    return (async () => {
      for (const entries of mine) {
        await addAll(log, entries);
        seen.push(await forwards(log));
      }
    })();
  });
  await scheduler.waitFor(Promise.all(works));
  const reliable = createPagedLog<LogEntry>(memory);
  const all = await forwards(reliable);
  expect(await backwards(reliable, 33)).toEqual(all.toReversed());
  expect(all.map(({ position }) => position)).toEqual(all.map((_, index) => index + 1));
  for (const earlier of seen) expect(earlier).toEqual(all.slice(0, earlier.length));
  return { ids: all.map(({ id }) => id), wanted: named(1, next - 1).map(({ id }) => id) };
}

it('keeps every confirmed entry, at the position where it was first read, with any writers and any faults', () =>
  fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      appenders(90),
      fc.array(fc.constantFrom(...FAULTS)),
      async (scheduler, sizes, plan) => {
        const { ids, wanted } = await grow(scheduler, sizes, plan);
        expect(new Set(ids)).toEqual(new Set(wanted));
      },
    ),
    { numRuns: 100 },
  ));

it('has no duplicates as long as the log has one page', () =>
  fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      appenders(9),
      fc.array(fc.constantFrom(...FAULTS)),
      async (scheduler, sizes, plan) => {
        const { ids, wanted } = await grow(scheduler, sizes, plan);
        expect(ids.toSorted()).toEqual(wanted.toSorted());
      },
    ),
    { numRuns: 100 },
  ));

it('keeps every document within its bound, also for large additions', async () => {
  const sizes: number[] = [];
  const log = observed(createMemoryStore(), (_, values) => {
    for (const value of values) sizes.push((value as { entries: unknown[] }).entries.length);
  });
  for (let n = 0; n < 20; n++) await log.append([{ name: LOG, entries: named(500 * n + 1, 500 * n + 300 + n) }]);
  expect(Math.max(...sizes)).toBeLessThan(300);
});

it('skips pages that have expired, in both directions', async () => {
  const memory = createMemoryStore();
  const log = createPagedLog<LogEntry>(memory, { pageExpiresInSeconds: 60 });
  for (let n = 1; n <= 747; n++) await log.append([{ name: LOG, entries: named(n, n) }]);
  const pages = [...memory.entries.keys()].filter((key) => key.startsWith('page:'));
  expect(pages.map((key) => memory.expiries.get(key))).toEqual(pages.map(() => 60));
  expect(memory.expiries.get(LOG)).toBeUndefined();

  for (const page of [0, 1, 2]) await memory.remove(`page:${page}:${LOG}`);
  const left = named(301, 747).map(({ id }, index) => ({ position: index + 301, id }));
  for (const limit of [1, 7, 100]) {
    expect(await forwards(log, limit)).toEqual(left);
    expect(await backwards(log, limit)).toEqual(left.toReversed());
  }
  expect((await log.read(LOG, { after: 250, limit: 100 })).entries.at(0)).toMatchObject({ position: 301 });
  expect(await log.read(LOG, { before: 200, limit: 100 })).toMatchObject({ entries: [], more: false });

  for (const page of [3, 4, 5]) await memory.remove(`page:${page}:${LOG}`);
  expect((await forwards(log)).at(0)).toMatchObject({ position: 601 });
});

it('rejects a read of a missing page of a log whose pages do not expire', async () => {
  const memory = createMemoryStore();
  const log = createPagedLog<LogEntry>(memory);
  await log.append([{ name: LOG, entries: named(1, 300) }]);
  await memory.remove(`page:0:${LOG}`);
  await expect(log.read(LOG, { after: 0, limit: 10 })).rejects.toThrow('entry 1 of log:a is not in the store');
});
