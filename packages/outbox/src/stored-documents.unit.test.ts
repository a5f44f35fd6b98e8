import { expect, test } from 'vitest';
import { atRest, type Count, contextOf, countFrom, MemoryStore, manualClock } from '../test/parts.ts';
import { UNREADABLE_AFTER_MS } from './entry-reader.ts';
import { createOutbox } from './outbox.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { documentKey } from './storage-format.ts';

const STEP_MS = 200;
const BAD = documentKey('bad');

/** Make the document `bad` unreadable. Each returns a function that makes its key readable again. */
const FAULTS: Readonly<Record<string, (store: MemoryStore) => () => void>> = {
  'has a foreign value'(store) {
    store.put(BAD, 'a foreign value');
    return () => {};
  },
  'cannot be read, by any read with its key,'(store) {
    const { read } = store;
    store.read = async (keys) => {
      if (keys.includes(BAD)) throw new Error(`${BAD} cannot be read`);
      return read.call(store, keys);
    };
    return () => {
      store.read = read;
    };
  },
};

/** Outboxes on one store, and `a`, `bad` and `b` stored by the first of them, each in a segment of its own. */
async function setUp() {
  const store = new MemoryStore();
  const clock = manualClock();
  const unreadable = new Set<unknown>();
  const sent: string[] = [];
  const plain = contextOf(store, clock);
  const context: typeof plain = {
    ...plain,
    handler: {
      ...plain.handler,
      parse(value) {
        if (typeof value !== 'object') throw new Error('this is no count');
        return value as Count;
      },
    },
    observer: { event: (name, { id }) => name === 'document-unreadable' && unreadable.add(id) },
    transport: {
      async send(batch) {
        sent.push(...batch.map(({ document }) => document.id));
        return batch.map(() => true);
      },
    },
  };
  async function start() {
    const outbox = createOutbox(context);
    await outbox.start();
    return outbox;
  }
  async function pass(ms: number, stepMs = STEP_MS): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.go(stepMs);
      await atRest();
    }
  }
  const outbox = await start();
  for (const id of ['a', 'bad', 'b']) {
    const accepted = outbox.store(countFrom(id), DEFAULT_SETTINGS.expiryMs);
    await pass(STEP_MS);
    expect((await accepted).outcome).toBe('created');
  }
  const putCount = (id: string, count: number) => store.put(documentKey(id), { ...countFrom(id), count });
  return { store, unreadable, sent, outbox, start, pass, putCount };
}

test.each(Object.entries(FAULTS))(
  'a document in flight that %s holds up no other, and its segment stays',
  async (_, spoil) => {
    const { store, unreadable, sent, outbox, pass, putCount } = await setUp();
    const repair = spoil(store);
    await pass(10_000);
    // Another replica records the replies.
    for (const id of ['a', 'b']) putCount(id, 100);
    await pass(UNREADABLE_AFTER_MS + 10_000);
    expect(outbox.stats()).toMatchObject({ open: 1, inFlight: 0 });
    expect(unreadable).toEqual(new Set(['bad']));

    repair();
    putCount('bad', 1);
    sent.length = 0;
    await pass(DEFAULT_SETTINGS.parkedRetryMs, 5_000);
    expect(sent).toContain('bad');
    putCount('bad', 100);
    await pass(DEFAULT_SETTINGS.parkedRetryMs, 5_000);
    expect(outbox.stats().open).toBe(0);
    await outbox.leave();
  },
);

test.each(Object.entries(FAULTS))('a document that %s holds up no other at a takeover', async (_, spoil) => {
  const { store, unreadable, sent, outbox, start, pass, putCount } = await setUp();
  await outbox.leave();
  const repair = spoil(store);
  sent.length = 0;
  const other = await start();
  await pass(UNREADABLE_AFTER_MS + 20_000);
  expect(new Set(sent)).toEqual(new Set(['a', 'b']));
  expect(unreadable).toEqual(new Set(['bad']));

  repair();
  putCount('bad', 1);
  // The latest scan of a writer that was taken over.
  await pass(Math.max(...DEFAULT_SETTINGS.rescanAfterMs), 5_000);
  expect(sent).toContain('bad');
  await other.leave();
});
