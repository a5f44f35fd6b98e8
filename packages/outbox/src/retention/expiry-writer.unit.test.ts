import { expect, test } from 'vitest';
import { atRest, type Count, contextOf, countFrom, MemoryStore, manualClock } from '../../test/parts.ts';
import { documentKey } from '../storage-format.ts';
import { ExpiryWriter, RETRY_MS } from './expiry-writer.ts';

function setUp(stored: Count) {
  const store = new MemoryStore();
  const clock = manualClock();
  const context = contextOf(store, clock);
  const expiry = new ExpiryWriter({ ...context, handler: { ...context.handler, retentionSeconds: () => 60 } });
  store.put(documentKey(stored.id), stored, '1');
  return { store, clock, expiry, expiryOf: () => store.expiries.get(documentKey(stored.id)) };
}

const complete: Count = { ...countFrom('a'), count: 100 };

test('writes a complete document once more, unchanged, with its expiry', async () => {
  const { expiry, store, expiryOf } = setUp(complete);
  expiry.add(complete);
  await atRest();
  expect(store.stored.get(documentKey('a'))?.value).toEqual(complete);
  expect(expiryOf()).toBe(60);
});

test('gives no expiry to an incomplete document, also when it was complete in memory', async () => {
  const { expiry, store } = setUp(countFrom('a'));
  expiry.add(countFrom('a'));
  expiry.add(complete);
  await atRest();
  expect(store.writes).toBe(0);
});

test('does not restore a document that is missing', async () => {
  const { expiry, store } = setUp(complete);
  store.stored.clear();
  expiry.add(complete);
  await atRest();
  expect([store.writes, store.stored.size]).toEqual([0, 0]);
});

test('repeats a write without an answer, and gives up in the end', async () => {
  const { expiry, store, clock, expiryOf } = setUp(complete);
  let attempts = 0;
  const write = store.write.bind(store);
  store.write = async () => {
    attempts++;
    return 'unknown' as never;
  };
  expiry.add(complete);
  for (let round = 0; round < 20; round++) {
    await atRest();
    clock.go(RETRY_MS);
  }
  expect(attempts).toBe(8);
  store.write = write;
  expiry.add(complete);
  await atRest();
  expect(expiryOf()).toBe(60);
});
