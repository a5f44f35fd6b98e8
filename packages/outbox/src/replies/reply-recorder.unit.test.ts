import { expect, test } from 'vitest';
import { countFrom } from '../../test/parts.ts';
import { addDocuments, setUpRecorder } from '../../test/recorder-parts.ts';
import { markedName } from '../insertion-mark.ts';
import { MAX_PACE_MS } from '../pace/pace.ts';
import type { WriteItem, WriteOutcome } from '../ports.ts';
import { documentKey } from '../storage-format.ts';
import { READ_ALL_MS } from './reply-recorder.ts';

test('records replies without a read when the document is in memory', async () => {
  const { recorder, store, countStored } = setUpRecorder();
  await recorder.record('a', 1);
  await recorder.record('a', 2);
  expect(countStored()).toBe(3);
  expect(store.reads).toBe(0);
});

test('reads the document before it ignores a reply', async () => {
  const { recorder, store } = setUpRecorder();
  expect(await recorder.record('a', 0)).toEqual({ ignored: 'not positive' });
  expect(store.reads).toBe(1);
});

test('keeps the write of another replica, and reads every document for a while after a conflict', async () => {
  const { recorder, store, document, countStored, clock } = setUpRecorder();
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
  const { recorder, store, known, countStored } = setUpRecorder();
  known.clear();
  await recorder.record('a', 5);
  expect(countStored()).toBe(5);
  expect(store.reads).toBe(1);
});

test('records the other replies of a batch when the store never writes one of its documents', async () => {
  const parts = setUpRecorder({ utilization: 1 });
  addDocuments(parts, ['b', 'large', 'z']);
  const { recorder, store } = parts;
  const write = store.write.bind(store);
  Object.assign(store, {
    async write(items: readonly WriteItem[]): Promise<WriteOutcome> {
      const others = items.filter(({ key }) => key !== documentKey('large'));
      const outcome = await write(others);
      return others.length < items.length ? 'unknown' : outcome;
    },
  });
  await recorder.record('a', 1);
  const results = await Promise.allSettled(['b', 'large', 'z'].map((id) => recorder.record(id, 100)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  for (const [id, count] of [
    ['b', 100],
    ['large', 0],
    ['z', 100],
  ] as const)
    expect(store.stored.get(documentKey(id))?.value).toMatchObject({ count });
});

test('while the process is busy, replies that arrive shortly after a write share the next write', async () => {
  const { recorder, store, clock } = setUpRecorder({ utilization: 1 });
  await recorder.record('a', 1);
  clock.now++;
  await recorder.record('a', 1);
  const [written, now] = [store.writes, clock.now];
  await Promise.all([recorder.record('a', 2), Promise.resolve().then(() => recorder.record('a', 3))]);
  expect(store.writes).toBe(written + 1);
  expect(clock.now).toBe(now + MAX_PACE_MS);
});

test('while the process is not busy, a reply is written at once', async () => {
  const { recorder, store, clock } = setUpRecorder();
  for (let i = 0; i < 5; i++) await recorder.record('a', 1);
  expect([store.writes, clock.now]).toEqual([5, 0]);
});

test('gives an expiry to the write that completes a document, and to no other write', async () => {
  const { recorder, store } = setUpRecorder({ retentionSeconds: 60 });
  await recorder.record('a', 99);
  expect(store.expiries.get(documentKey('a'))).toBeUndefined();
  await recorder.record('a', 1);
  expect(store.expiries.get(documentKey('a'))).toBe(60);
});

test('keeps a complete document for ever without a retention', async () => {
  const { recorder, store } = setUpRecorder();
  await recorder.record('a', 100);
  expect(store.expiries.get(documentKey('a'))).toBeUndefined();
});

test('ignores a reply to a document that has expired, and does not write it', async () => {
  const { recorder, store, known } = setUpRecorder({ retentionSeconds: 60 });
  known.clear();
  store.stored.clear();
  expect(await recorder.record('a', 1)).toEqual({ ignored: 'no-such-document' });
  expect([store.writes, store.stored.size]).toEqual([0, 0]);
});

test('reports a document whose completing write was applied without an answer', async () => {
  const { recorder, store, unclear } = setUpRecorder({ retentionSeconds: 60 });
  const write = store.write.bind(store);
  store.write = async (items) => {
    await write(items);
    store.write = write;
    return 'unknown' as never;
  };
  expect(await recorder.record('a', 100)).toMatchObject({ recorded: true });
  expect(unclear).toEqual(['a']);
});

const MINUTE_MS = 60_000;

test('reads a document again that was in memory for too long, for example while the process was paused', async () => {
  const { recorder, store, clock } = setUpRecorder({ retentionSeconds: 60 });
  store.stored.clear();
  clock.now += MINUTE_MS;
  expect(await recorder.record('a', 1)).toEqual({ ignored: 'no-such-document' });
  expect(store.writes).toBe(0);
});

test('reads a document again when the process was paused between the read and the write', async () => {
  const { recorder, store, clock, known } = setUpRecorder({ retentionSeconds: 60 });
  known.clear();
  const read = store.read.bind(store);
  store.read = async (keys) => {
    const found = await read(keys);
    store.stored.clear();
    clock.now += MINUTE_MS;
    store.read = read;
    return found;
  };
  expect(await recorder.record('a', 1)).toEqual({ ignored: 'no-such-document' });
  expect([store.reads, store.writes]).toEqual([2, 0]);
});

test('ignores a reply to a command about an earlier document of the same id', async () => {
  const names = [markedName('w', countFrom('a', 'earlier')), markedName('w', countFrom('a')), 'w without a mark'];
  const { recorder, store, countStored } = setUpRecorder({
    tokenOf: (reply) => ({ w: names[reply - 1] ?? '', a: 1, t: 0 }),
  });
  expect(await recorder.record('a', 1)).toEqual({ ignored: 'earlier-document' });
  expect(store.writes).toBe(0);
  for (const reply of [2, 3]) expect(await recorder.record('a', reply)).toMatchObject({ recorded: true });
  expect(countStored()).toBe(5);
});
