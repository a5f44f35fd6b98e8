import { describe, expect, test } from 'vitest';
import { atRest, type Count, contextOf, countFrom, MemoryStore } from '../../test/parts.ts';
import { MAX_PACE_MS } from '../pace/pace.ts';
import type { Settings } from '../settings.ts';
import { documentKey } from '../storage-format.ts';
import type { StoredDocument } from '../stored-documents.ts';
import { READ_ALL_MS, ReplyRecorder } from './reply-recorder.ts';

const HOLD_MS = 30;

interface Options {
  readonly retentionSeconds?: number;
  readonly utilization?: number;
  /** Changes below this count are not awaited, and are held. */
  readonly awaitedFrom?: number;
  readonly answerHeld?: boolean;
  /** Settings of the recorder's writes. */
  readonly writes?: Partial<Pick<Settings, 'replyBatch' | 'replyWrites' | 'joinWrites'>>;
}

function setUp({ retentionSeconds, utilization = 0, awaitedFrom, answerHeld = false, writes = {} }: Options = {}) {
  const store = new MemoryStore();
  const unclear: string[] = [];
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
  const context = { ...contextOf(store, clock), utilization: () => utilization };
  const handler: typeof context.handler = {
    ...context.handler,
    apply: (count, reply, now) =>
      count.count < 100 ? context.handler.apply(count, reply, now) : { ignored: 'complete' },
    retentionSeconds: () => retentionSeconds,
    ...(awaitedFrom !== undefined && { isAwaited: (_: Count, { count }: Count) => count >= awaitedFrom }),
  };
  const settings = { ...context.settings, holdMs: awaitedFrom === undefined ? 0 : HOLD_MS, answerHeld, ...writes };
  const recorder = new ReplyRecorder(
    { ...context, handler, settings },
    {
      known: (id) => known.get(id),
      recorded: (documents) => {
        for (const seen of documents) known.set(seen.document.id, seen);
      },
      completedUnclearly: ({ id }) => unclear.push(id),
    },
  );
  const document = countFrom('a');
  store.put(documentKey('a'), document, '1');
  known.set('a', { document, etag: '1' });
  const countStored = () => (store.stored.get(documentKey('a')) as { value: Count }).value.count;
  return { store, known, clock, recorder, document, countStored, unclear };
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

test('while the process is busy, replies that arrive shortly after a write share the next write', async () => {
  const { recorder, store, clock } = setUp({ utilization: 1 });
  await recorder.record('a', 1);
  clock.now++;
  await recorder.record('a', 1);
  const [written, now] = [store.writes, clock.now];
  await Promise.all([recorder.record('a', 2), Promise.resolve().then(() => recorder.record('a', 3))]);
  expect(store.writes).toBe(written + 1);
  expect(clock.now).toBe(now + MAX_PACE_MS);
});

test('while the process is not busy, a reply is written at once', async () => {
  const { recorder, store, clock } = setUp();
  for (let i = 0; i < 5; i++) await recorder.record('a', 1);
  expect([store.writes, clock.now]).toEqual([5, 0]);
});

describe('a reply that no reader awaits', () => {
  test('is written together with the next reply to its document, at once', async () => {
    const { recorder, store, clock, countStored } = setUp({ awaitedFrom: 3 });
    const first = recorder.record('a', 1);
    const second = recorder.record('a', 2);
    await Promise.all([first, second]);
    expect([store.writes, clock.now, countStored()]).toEqual([1, 0, 3]);
  });

  test('is written alone when its hold ends', async () => {
    const { recorder, store, clock, countStored } = setUp({ awaitedFrom: 3 });
    await recorder.record('a', 1);
    expect([store.writes, clock.now, countStored()]).toEqual([1, HOLD_MS, 1]);
  });

  test('waits no longer than its hold, however many other replies follow that no reader awaits', async () => {
    const { recorder, store, clock } = setUp({ awaitedFrom: 100 });
    const first = recorder.record('a', 1);
    clock.now += HOLD_MS - 1;
    await Promise.all([first, recorder.record('a', 1)]);
    expect(store.writes).toBe(1);
    expect(clock.now).toBeLessThan(2 * HOLD_MS);
  });

  test('does not delay the replies to other documents', async () => {
    const { recorder, store, clock, known } = setUp({ awaitedFrom: 3 });
    const other = countFrom('b');
    store.put(documentKey('b'), other, '1');
    known.set('b', { document: other, etag: '1' });
    const held = recorder.record('a', 1);
    await recorder.record('b', 3);
    expect([store.writes, clock.now]).toEqual([1, 0]);
    await held;
    expect(store.writes).toBe(2);
  });

  test('is not held while its document is being written: the effect of the write is not known yet', async () => {
    const { recorder, store, clock, countStored } = setUp({ awaitedFrom: 3 });
    const write = store.write.bind(store);
    const { promise, resolve } = Promise.withResolvers<void>();
    store.write = async (items) => {
      await promise;
      return write(items);
    };
    const first = recorder.record('a', 3);
    await atRest();
    const second = recorder.record('a', 1);
    resolve();
    await Promise.all([first, second]);
    expect([clock.now, countStored()]).toEqual([0, 4]);
  });

  test('is not held when its document is not in memory', async () => {
    const { recorder, known, clock, countStored } = setUp({ awaitedFrom: 3 });
    known.clear();
    await recorder.record('a', 1);
    expect([clock.now, countStored()]).toEqual([0, 1]);
  });
});

/** Delays every write until `release`. */
function delayWrites(store: MemoryStore) {
  const write = store.write.bind(store);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  store.write = async (items) => {
    await promise;
    return write(items);
  };
  return { release };
}

/** Puts documents into the store and into memory. */
function addDocuments({ store, known }: ReturnType<typeof setUp>, ids: readonly string[]): void {
  for (const id of ids) {
    const document = countFrom(id);
    store.put(documentKey(id), document, '1');
    known.set(id, { document, etag: '1' });
  }
}

/** Counts the documents of each write, all of which end with `release`. */
function countWrites(store: MemoryStore) {
  const sizes: number[] = [];
  const { release } = delayWrites(store);
  const write = store.write.bind(store);
  store.write = (items) => {
    sizes.push(items.length);
    return write(items);
  };
  return { sizes, release };
}

describe('the writes of a recorder', () => {
  test.each([
    [1, [1]],
    [2, [1, 1]],
  ])('at most %d are in progress at a time', async (replyWrites, started) => {
    const parts = setUp({ writes: { replyWrites } });
    addDocuments(parts, ['b', 'c', 'd']);
    const { sizes, release } = countWrites(parts.store);
    const recorded: Promise<unknown>[] = [];
    for (const id of ['a', 'b', 'c', 'd']) {
      recorded.push(parts.recorder.record(id, 1));
      await atRest();
    }
    expect(sizes).toEqual(started);
    release();
    await Promise.all(recorded);
    expect(parts.store.reads).toBe(0);
  });

  test('two at a time have no document in common', async () => {
    const { recorder, store, countStored } = setUp({ writes: { replyWrites: 2, joinWrites: true } });
    const { sizes, release } = countWrites(store);
    const first = recorder.record('a', 1);
    await atRest();
    const second = recorder.record('a', 2);
    await atRest();
    expect(sizes).toEqual([1]);
    release();
    await Promise.all([first, second]);
    expect([sizes, countStored()]).toEqual([[1, 1], 3]);
  });

  test.each([
    ['take the replies that arrive before they start', { joinWrites: true }, [1, 3]],
    ['take no more documents than fit', { joinWrites: true, replyBatch: 2 }, [1, 2, 1]],
    ['take no further reply without `joinWrites`', { joinWrites: false }, [1, 1, 2]],
  ])('%s', async (_, writes, expected) => {
    const parts = setUp({ writes });
    addDocuments(parts, ['b', 'c', 'd']);
    const { sizes, release } = countWrites(parts.store);
    const recorded: Promise<unknown>[] = [];
    for (const id of ['a', 'b', 'c', 'd']) {
      recorded.push(parts.recorder.record(id, 1));
      await atRest();
    }
    release();
    await Promise.all(recorded);
    expect(sizes).toEqual(expected);
  });

  test('take no reply to a document that has to be read, and read it for the next write', async () => {
    const parts = setUp({ writes: { joinWrites: true } });
    const { recorder, store, known } = parts;
    addDocuments(parts, ['b', 'c']);
    known.delete('c');
    const { sizes, release } = countWrites(store);
    const recorded = [recorder.record('a', 1)];
    await atRest();
    for (const id of ['b', 'c']) {
      recorded.push(recorder.record(id, 1));
      await atRest();
    }
    expect(store.reads).toBe(0);
    release();
    await Promise.all(recorded);
    expect([sizes, store.reads]).toEqual([[1, 1, 1], 1]);
  });

  test('take no held reply', async () => {
    const parts = setUp({ awaitedFrom: 3, writes: { joinWrites: true } });
    const { recorder, store } = parts;
    addDocuments(parts, ['b', 'c']);
    const { sizes, release } = countWrites(store);
    const recorded = [recorder.record('a', 3)];
    await atRest();
    recorded.push(recorder.record('b', 3));
    await atRest();
    recorded.push(recorder.record('c', 1));
    release();
    await Promise.all(recorded);
    expect(sizes).toEqual([1, 1, 1]);
  });
});

describe('a held reply that is answered at once', () => {
  test('is answered before its write, and shares the write of the next reply', async () => {
    const { recorder, store, clock, countStored } = setUp({ awaitedFrom: 3, answerHeld: true });
    const { release } = delayWrites(store);
    const first = recorder.record('a', 1);
    const second = recorder.record('a', 2);
    expect(await first).toMatchObject({ recorded: true, document: { count: 1 } });
    expect([store.writes, countStored()]).toEqual([0, 0]);
    release();
    await second;
    expect([store.writes, clock.now, countStored()]).toEqual([1, 0, 3]);
  });

  test('is written when its hold ends', async () => {
    const { recorder, store, clock, countStored } = setUp({ awaitedFrom: 3, answerHeld: true });
    await recorder.record('a', 1);
    await atRest();
    expect([store.writes, clock.now, countStored()]).toEqual([1, HOLD_MS, 1]);
  });

  test('is written before a flush ends, without its hold', async () => {
    const { recorder, store, clock, countStored } = setUp({ awaitedFrom: 3, answerHeld: true });
    void recorder.record('a', 1);
    await recorder.flush();
    expect([store.writes, clock.now, countStored()]).toEqual([1, 0, 1]);
  });

  test('does not answer a reply that its document ignores', async () => {
    const { recorder } = setUp({ awaitedFrom: 3, answerHeld: true });
    expect(await recorder.record('a', 0)).toEqual({ ignored: 'not positive' });
  });
});

test('gives an expiry to the write that completes a document, and to no other write', async () => {
  const { recorder, store } = setUp({ retentionSeconds: 60 });
  await recorder.record('a', 99);
  expect(store.expiries.get(documentKey('a'))).toBeUndefined();
  await recorder.record('a', 1);
  expect(store.expiries.get(documentKey('a'))).toBe(60);
});

test('keeps a complete document for ever without a retention', async () => {
  const { recorder, store } = setUp();
  await recorder.record('a', 100);
  expect(store.expiries.get(documentKey('a'))).toBeUndefined();
});

test('ignores a reply to a document that has expired, and does not write it', async () => {
  const { recorder, store, known } = setUp({ retentionSeconds: 60 });
  known.clear();
  store.stored.clear();
  expect(await recorder.record('a', 1)).toEqual({ ignored: 'no-such-document' });
  expect([store.writes, store.stored.size]).toEqual([0, 0]);
});

test('reports a document whose completing write was applied without an answer', async () => {
  const { recorder, store, unclear } = setUp({ retentionSeconds: 60 });
  const write = store.write.bind(store);
  store.write = async (items) => {
    await write(items);
    store.write = write;
    return 'unknown' as never;
  };
  expect(await recorder.record('a', 100)).toMatchObject({ recorded: true });
  expect(unclear).toEqual(['a']);
});
