import { describe, expect, test } from 'vitest';
import { atRest } from '../../test/parts.ts';
import { addDocuments, countWrites, setUpRecorder } from '../../test/recorder-parts.ts';

/** Records a reply to each document, the next one when the recorder is at rest. Returns the promises of all records. */
async function recordInTurn({ recorder }: ReturnType<typeof setUpRecorder>, ids: readonly string[]) {
  const recorded: Promise<unknown>[] = [];
  for (const id of ids) {
    recorded.push(recorder.record(id, 1));
    await atRest();
  }
  return recorded;
}

describe('the writes of a recorder', () => {
  test.each([
    [1, [1]],
    [2, [1, 1]],
  ])('at most %d are in progress at a time', async (replyWrites, started) => {
    const parts = setUpRecorder({ writes: { replyWrites } });
    addDocuments(parts, ['b', 'c', 'd']);
    const { sizes, release } = countWrites(parts.store);
    const recorded = await recordInTurn(parts, ['a', 'b', 'c', 'd']);
    expect(sizes).toEqual(started);
    release();
    await Promise.all(recorded);
    expect(parts.store.reads).toBe(0);
  });

  test('two at a time have no document in common', async () => {
    const { recorder, store, countStored } = setUpRecorder({ writes: { replyWrites: 2, joinWrites: true } });
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
    const parts = setUpRecorder({ writes });
    addDocuments(parts, ['b', 'c', 'd']);
    const { sizes, release } = countWrites(parts.store);
    const recorded = await recordInTurn(parts, ['a', 'b', 'c', 'd']);
    release();
    await Promise.all(recorded);
    expect(sizes).toEqual(expected);
  });

  test('take no reply to a document that has to be read, and read it for the next write', async () => {
    const parts = setUpRecorder({ writes: { joinWrites: true } });
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
    const parts = setUpRecorder({ awaitedFrom: 3, writes: { joinWrites: true } });
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
