import { expect, test } from 'vitest';
import { MemoryStore, manualClock } from '../test/parts.ts';
import { EntryReader, UNREADABLE_AFTER_MS } from './entry-reader.ts';

const SECOND_MS = 1_000;
const KEYS = Array.from({ length: 128 }, (_, i) => `o:${i}`);
const BAD = 'o:77';
const UNREADABLE = { value: undefined, etag: '' };

function setUp(keys: readonly string[] = KEYS) {
  const store = new MemoryStore();
  for (const key of keys) store.put(key, key);
  const failing = new Set<string>();
  const read = store.read.bind(store);
  store.read = async (wanted) => {
    const found = await read(wanted);
    const failed = wanted.find((key) => failing.has(key));
    if (failed !== undefined) throw new Error(`no ${failed}`);
    return found;
  };
  const clock = manualClock();
  const events: unknown[] = [];
  const reader = new EntryReader(store, clock, { event: (name, attributes) => events.push([name, attributes]) });
  /** Reads once a second for this time. The results of all reads but the last must be rejections. */
  async function readFor(ms: number, wanted = keys) {
    for (let passed = 0; passed < ms; passed += SECOND_MS) {
      await expect(reader.read(wanted)).rejects.toThrow('no ');
      clock.go(SECOND_MS);
    }
    return reader.read(wanted);
  }
  return { store, failing, clock, events, reader, readFor };
}

test('after a minute of failures, a key that fails alone is unreadable, and the others are read', async () => {
  const { store, failing, events, reader, readFor } = setUp();
  failing.add(BAD);
  const found = await readFor(UNREADABLE_AFTER_MS);
  expect(found.get(BAD)).toEqual(UNREADABLE);
  expect(found.size).toBe(KEYS.length);
  expect([...found].filter(([key, { value }]) => value !== key)).toHaveLength(1);
  expect(events).toEqual([['key-unreadable', { key: BAD, reason: 'no o:77' }]]);

  const readsSoFar = store.reads;
  expect((await reader.read(KEYS)).get(BAD)).toEqual(UNREADABLE);
  expect(store.reads - readsSoFar).toBe(2);
});

test('an unreadable key has its value again as soon as it can be read', async () => {
  const { failing, reader, readFor } = setUp();
  failing.add(BAD);
  await readFor(UNREADABLE_AFTER_MS);
  failing.clear();
  expect((await reader.read(KEYS)).get(BAD)).toMatchObject({ value: BAD });
  failing.add(BAD);
  await expect(reader.read(KEYS)).rejects.toThrow('no o:77');
});

test.each([
  ['the store cannot be read', [...KEYS, 'writers']],
  ['many keys fail', KEYS.slice(0, 9)],
])('no key is unreadable while %s', async (_, keys) => {
  const { failing, events, reader, readFor } = setUp();
  for (const key of keys) failing.add(key);
  await expect(readFor(10 * UNREADABLE_AFTER_MS)).rejects.toThrow('no ');
  failing.clear();
  expect((await reader.read(KEYS)).size).toBe(KEYS.length);
  expect(events).toEqual([]);
});

test('the record of a writer is never unreadable', async () => {
  const { failing, readFor } = setUp(['w:w', 's:w:1']);
  failing.add('w:w');
  await expect(readFor(2 * UNREADABLE_AFTER_MS)).rejects.toThrow('no w:w');
});

test('failures that are apart do not add up', async () => {
  const { failing, clock, reader } = setUp();
  failing.add(BAD);
  for (let i = 0; i < 10; i++) {
    await expect(reader.read(KEYS)).rejects.toThrow('no o:77');
    clock.go(UNREADABLE_AFTER_MS);
  }
});
