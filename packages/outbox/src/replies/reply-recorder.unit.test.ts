import { expect, test } from 'vitest';
import { type Count, contextOf, countFrom, MemoryStore } from '../../test/parts.ts';
import { documentKey } from '../storage-format.ts';
import type { StoredDocument } from '../stored-documents.ts';
import { READ_ALL_MS, REPLY_PACE_MS, ReplyRecorder } from './reply-recorder.ts';

function setUp() {
  const store = new MemoryStore();
  const known = new Map<string, StoredDocument<Count>>();
  const clock = {
    now: 0,
    monotonic: () => clock.now,
    wall: () => clock.now,
    setTimer(ms: number, work: () => void) {
      clock.now += ms;
      queueMicrotask(work);
      return () => {};
    },
  };
  const recorder = new ReplyRecorder(contextOf(store, clock), {
    known: (id) => known.get(id),
    recorded: (documents) => {
      for (const seen of documents) known.set(seen.document.id, seen);
    },
  });
  const document = countFrom('a');
  store.put(documentKey('a'), document, '1');
  known.set('a', { document, etag: '1' });
  const countStored = () => (store.stored.get(documentKey('a')) as { value: Count }).value.count;
  return { store, known, clock, recorder, document, countStored };
}

test('records replies without a read when the document is in memory', async () => {
  const { recorder, store, countStored } = setUp();
  await recorder.record('a', 1);
  await recorder.record('a', 2);
  expect(countStored()).toBe(3);
  expect(store.reads).toBe(0);
});

test('reads the document before it ignores a reply', async () => {
  const { recorder, store } = setUp();
  expect(await recorder.record('a', 0)).toEqual({ ignored: 'not positive' });
  expect(store.reads).toBe(1);
});

test('keeps the write of another replica, and reads every document for a while after a conflict', async () => {
  const { recorder, store, document, countStored, clock } = setUp();
  store.put(documentKey('a'), { ...document, count: 10 }, '2');
  await recorder.record('a', 1);
  expect(countStored()).toBe(11);
  const afterConflict = store.reads;
  await recorder.record('a', 1);
  expect(store.reads).toBe(afterConflict + 1);
  clock.now += READ_ALL_MS;
  await recorder.record('a', 1);
  expect(store.reads).toBe(afterConflict + 1);
  expect(countStored()).toBe(13);
});

test('reads a document that is not in memory', async () => {
  const { recorder, store, known, countStored } = setUp();
  known.clear();
  await recorder.record('a', 5);
  expect(countStored()).toBe(5);
  expect(store.reads).toBe(1);
});

test('merges replies that arrive shortly after a write into the next write', async () => {
  const { recorder, store, clock } = setUp();
  await recorder.record('a', 1);
  const written = store.writes;
  await Promise.all([recorder.record('a', 2), Promise.resolve().then(() => recorder.record('a', 3))]);
  expect(store.writes).toBe(written + 1);
  expect(clock.now).toBe(REPLY_PACE_MS);
});
