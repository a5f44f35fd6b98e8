import { expect, test } from 'vitest';
import { type Count, contextOf, countFrom, MemoryStore } from '../../test/parts.ts';
import type { StoredDocument } from '../recovery/segment-scan.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { documentKey } from '../storage-format.ts';
import { ReplyRecorder } from './reply-recorder.ts';

const replyPaceMs = 20;

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
  const recorder = new ReplyRecorder(
    { ...contextOf(store, clock), settings: { ...DEFAULT_SETTINGS, replyPaceMs } },
    {
      known: (id) => known.get(id),
      recorded: (documents) => {
        for (const seen of documents) known.set(seen.document.id, seen);
      },
    },
  );
  const document = countFrom('a');
  store.put(documentKey('a'), document, '1');
  known.set('a', { document, etag: '1' });
  const countStored = () => (store.stored.get(documentKey('a')) as { value: Count }).value.count;
  return { store, known, clock, recorder, document, countStored };
}

test('answers to a document that this process knows cost no read', async () => {
  const { recorder, store, countStored } = setUp();
  await recorder.record('a', 1);
  await recorder.record('a', 2);
  expect(countStored()).toBe(3);
  expect(store.reads).toBe(0);
});

test('an answer that would change nothing is judged by what is stored', async () => {
  const { recorder, store } = setUp();
  expect(await recorder.record('a', 0)).toEqual({ ignored: 'nothing' });
  expect(store.reads).toBe(1);
});

test('what another replica wrote is not lost, and for a while everything is read', async () => {
  const { recorder, store, document, countStored, clock } = setUp();
  store.put(documentKey('a'), { ...document, count: 10 }, '2');
  await recorder.record('a', 1);
  expect(countStored()).toBe(11);
  const afterConflict = store.reads;
  await recorder.record('a', 1);
  expect(store.reads).toBe(afterConflict + 1);
  clock.now += DEFAULT_SETTINGS.readAllMs;
  await recorder.record('a', 1);
  expect(store.reads).toBe(afterConflict + 1);
  expect(countStored()).toBe(13);
});

test('a document that nothing is known of is read', async () => {
  const { recorder, store, known, countStored } = setUp();
  known.clear();
  await recorder.record('a', 5);
  expect(countStored()).toBe(5);
  expect(store.reads).toBe(1);
});

test('answers that follow a write closely meet in the next one', async () => {
  const { recorder, store, clock } = setUp();
  await recorder.record('a', 1);
  const written = store.writes;
  await Promise.all([recorder.record('a', 2), Promise.resolve().then(() => recorder.record('a', 3))]);
  expect(store.writes).toBe(written + 1);
  expect(clock.now).toBe(replyPaceMs);
});
