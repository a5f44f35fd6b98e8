import { describe, expect, test } from 'vitest';
import { atRest, type Count, contextOf, countFrom, MemoryStore, manualClock } from '../../test/parts.ts';
import { Writer } from '../membership/writer.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { DeletionQueue } from './deletion-queue.ts';
import { GroupCommit } from './group-commit.ts';
import { RequestQueue } from './request-queue.ts';

const deadlineMs = 10_000;

async function setUp({ readMs = 0 } = {}) {
  const store = new MemoryStore();
  const clock = manualClock(readMs);
  const context = { ...contextOf(store, clock), settings: { ...DEFAULT_SETTINGS, commitPaceMs: 20 } };
  const queue = new RequestQueue<Count>(clock, context.settings);
  const writer = new Writer(context, 'w');
  await writer.register();
  const session = { writer, committed: () => {}, requestHeartbeat: () => {} };
  const named = { yet: Promise.resolve() };
  const deletions = new DeletionQueue(() => commit.wake());
  const commit: GroupCommit<Count, number> = new GroupCommit(context, queue, deletions, async () => {
    await named.yet;
    return session;
  });
  const add = async (id: string, nonce = id, withinMs = deadlineMs) => {
    const accepted = queue.enqueue(countFrom(id, nonce), withinMs);
    commit.wake();
    await atRest();
    return (await accepted).outcome;
  };
  /** Lets so much time pass that everything is sent again a few times. */
  const repeat = async () => {
    for (let i = 0; i < 20; i++) {
      clock.go(context.settings.commitBackoffMaxMs / 4);
      await atRest();
    }
  };
  const has = (key: string) => store.stored.has(key);
  return { store, clock, context, writer, named, deletions, commit, add, repeat, has };
}

test('what comes right after a transaction waits for others, and goes with them', async () => {
  const { clock, context, add, has } = await setUp();
  await add('a');
  void add('b');
  void add('c');
  await atRest();
  expect(['a', 'b', 'c'].map((id) => has(`o:${id}`))).toEqual([true, false, false]);
  clock.go(context.settings.commitPaceMs);
  await atRest();
  expect(['b', 'c', 'w'].map((id) => has(id === 'w' ? 's:w:2' : `o:${id}`))).toEqual([true, true, true]);
  expect(has('s:w:3')).toBe(false);
});

test.each([3, 5, 7, 9, 11, 19, 21])(
  'what waits is not forgotten when its time comes between two looks at a clock that goes on by %i ms',
  async (readMs) => {
    const { clock, context, add, has } = await setUp({ readMs });
    void add('a');
    await atRest();
    void add('b');
    await atRest();
    clock.go(context.settings.commitPaceMs);
    await atRest();
    expect(has('o:b')).toBe(true);
  },
);

test('neither who leaves nor a move waits for others', async () => {
  const { commit, add, has } = await setUp();
  await add('a');
  void add('b');
  expect(await commit.rewrite(['x'])).toBe(true);
  expect(has('o:b')).toBe(false);
  await commit.drained();
  expect(has('o:b')).toBe(true);
});

describe('what its client was told is not stored', () => {
  /** A batch under way waits for a name to be written under. */
  async function nameless() {
    const parts = await setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    parts.named.yet = promise;
    return { ...parts, name: resolve };
  }

  test('never is', async () => {
    const { add, clock, name, has } = await nameless();
    const accepted = add('a');
    await atRest();
    clock.go(deadlineMs);
    expect(await accepted).toBe('unsent');
    name();
    await atRest();
    expect(has('o:a')).toBe(false);
    const again = add('a', 'another');
    clock.go(deadlineMs / 2);
    expect(await again).toBe('created');
  });

  test('is not stored for somebody else either who asked for the same id', async () => {
    const { add, clock, name, store } = await nameless();
    const impatient = add('a', 'first', deadlineMs);
    const patient = add('a', 'second', 2 * deadlineMs);
    await atRest();
    clock.go(deadlineMs);
    expect(await impatient).toBe('unsent');
    name();
    expect(await patient).toBe('created');
    expect(store.stored.get('o:a')?.value).toEqual(countFrom('a', 'second'));
  });
});

describe('a document that the store refuses', () => {
  test('is called refused, and its number is free', async () => {
    const { store, add, writer } = await setUp();
    store.transacts = () => 'refused';
    expect(await add('a')).toBe('refused');
    expect([writer.numbers.isUncertain(1), writer.numbers.low]).toEqual([false, 2]);
  });

  test('may be stored all the same after an earlier attempt, and nobody is told otherwise', async () => {
    const { store, add, repeat, writer } = await setUp();
    const outcomes = ['unknown', 'refused'] as const;
    let attempt = 0;
    store.transacts = () => outcomes[Math.min(attempt++, 1)] ?? 'refused';
    const accepted = add('a');
    await repeat();
    expect(await accepted).toBe('unknown');
    expect([writer.numbers.isUncertain(1), writer.numbers.low]).toEqual([true, 1]);
  });

  test('is not called refused either when that attempt was one with others', async () => {
    const { store, add, repeat, named } = await setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    named.yet = promise;
    const alone = add('x');
    const two = [add('a'), add('b')];
    let attempt = 0;
    store.transacts = (operations) => {
      if (operations.some(({ key }) => key === 'o:x')) return store.apply(operations);
      return attempt++ === 0 ? 'unknown' : 'refused';
    };
    resolve();
    await repeat();
    expect(await Promise.all([alone, ...two])).toEqual(['created', 'unknown', 'unknown']);
  });
});

test('segments go one by one when the store takes no transaction any more', async () => {
  const { store, deletions, repeat, has } = await setUp();
  store.transacts = () => 'unknown';
  const keys = Array.from({ length: 300 }, (_, i) => `s:old:${i}`);
  for (const key of keys) {
    store.put(key, {});
    deletions.add(key);
  }
  await repeat();
  expect(keys.filter(has)).toEqual([]);
});
