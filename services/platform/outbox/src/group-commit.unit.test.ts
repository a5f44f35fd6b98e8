import { expect, test } from 'vitest';
import { Deletions } from './deletions.ts';
import { GroupCommit } from './group-commit.ts';
import { RequestQueue } from './request-queue.ts';
import { atRest, type Count, contextOf, countFrom, MemoryStore, manualClock } from './testing.ts';
import { Writer } from './writer.ts';

const deadlineMs = 10_000;

async function setUp({ readMs = 0 } = {}) {
  const store = new MemoryStore();
  const clock = manualClock(readMs);
  const context = contextOf(store, clock);
  const queue = new RequestQueue<Count>(clock, context.settings);
  const writer = new Writer(context, 'w');
  await writer.register();
  const session = { writer, committed: () => {}, beat: () => {} };
  const deletions = new Deletions(() => commit.wake());
  const commit: GroupCommit<Count, number> = new GroupCommit(context, queue, deletions, async () => session);
  const add = async (id: string) => {
    const accepted = queue.add(countFrom(id), deadlineMs);
    commit.wake();
    await atRest();
    return accepted;
  };
  return { store, clock, context, queue, writer, deletions, commit, add, has: (key: string) => store.stored.has(key) };
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
  expect(await commit.move(['x'])).toBe(true);
  expect(has('o:b')).toBe(false);
  await commit.drained();
  expect(has('o:b')).toBe(true);
});
