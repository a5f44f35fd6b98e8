import { describe, expect, test } from 'vitest';
import { AT_START, atRest, countFrom } from '../../test/parts.ts';
import { delayWrites, HOLD_MS, setUpRecorder } from '../../test/recorder-parts.ts';
import { documentKey } from '../storage-format.ts';

describe('a reply that no reader awaits', () => {
  test('is written together with the next reply to its document, at once', async () => {
    const { recorder, store, clock, countStored } = setUpRecorder({ awaitedFrom: 3 });
    const first = recorder.record('a', 1);
    const second = recorder.record('a', 2);
    await Promise.all([first, second]);
    expect([store.writes, clock.now, countStored()]).toEqual([1, 0, 3]);
  });

  test('is written alone when its hold ends', async () => {
    const { recorder, store, clock, countStored } = setUpRecorder({ awaitedFrom: 3 });
    await recorder.record('a', 1);
    expect([store.writes, clock.now, countStored()]).toEqual([1, HOLD_MS, 1]);
  });

  test('waits no longer than its hold, however many other replies follow that no reader awaits', async () => {
    const { recorder, store, clock } = setUpRecorder({ awaitedFrom: 100 });
    const first = recorder.record('a', 1);
    clock.now += HOLD_MS - 1;
    await Promise.all([first, recorder.record('a', 1)]);
    expect(store.writes).toBe(1);
    expect(clock.now).toBeLessThan(2 * HOLD_MS);
  });

  test('does not delay the replies to other documents', async () => {
    const { recorder, store, clock, known } = setUpRecorder({ awaitedFrom: 3 });
    const other = countFrom('b');
    store.put(documentKey('b'), other, '1');
    known.set('b', { document: other, etag: '1', asOf: AT_START });
    const held = recorder.record('a', 1);
    await recorder.record('b', 3);
    expect([store.writes, clock.now]).toEqual([1, 0]);
    await held;
    expect(store.writes).toBe(2);
  });

  test('is not held while its document is being written: the effect of the write is not known yet', async () => {
    const { recorder, store, clock, countStored } = setUpRecorder({ awaitedFrom: 3 });
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
    const { recorder, known, clock, countStored } = setUpRecorder({ awaitedFrom: 3 });
    known.clear();
    await recorder.record('a', 1);
    expect([clock.now, countStored()]).toEqual([0, 1]);
  });
});

describe('a held reply that is answered at once', () => {
  test('is answered before its write, and shares the write of the next reply', async () => {
    const { recorder, store, clock, countStored } = setUpRecorder({ awaitedFrom: 3, answerHeld: true });
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
    const { recorder, store, clock, countStored } = setUpRecorder({ awaitedFrom: 3, answerHeld: true });
    await recorder.record('a', 1);
    await atRest();
    expect([store.writes, clock.now, countStored()]).toEqual([1, HOLD_MS, 1]);
  });

  test('is written before a flush ends, without its hold', async () => {
    const { recorder, store, clock, countStored } = setUpRecorder({ awaitedFrom: 3, answerHeld: true });
    void recorder.record('a', 1);
    await recorder.flush();
    expect([store.writes, clock.now, countStored()]).toEqual([1, 0, 1]);
  });

  test('does not answer a reply that its document ignores', async () => {
    const { recorder } = setUpRecorder({ awaitedFrom: 3, answerHeld: true });
    expect(await recorder.record('a', 0)).toEqual({ ignored: 'not positive' });
  });
});
