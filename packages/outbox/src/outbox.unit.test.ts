import { expect, test } from 'vitest';
import { atRest, contextOf, countFrom, MemoryStore, manualClock } from '../test/parts.ts';
import { createOutbox } from './outbox.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { HEARTBEAT_MS } from './writer-session.ts';

test('a document that arrives while a new writer name is registered is stored under it immediately', async () => {
  const store = new MemoryStore();
  const clock = manualClock();
  const outbox = createOutbox(contextOf(store, clock));
  await outbox.start();
  await atRest();
  const { promise: registered, resolve: register } = Promise.withResolvers<void>();
  store.transacts = async (operations) => {
    await registered;
    return store.apply(operations);
  };
  clock.go(DEFAULT_SETTINGS.expiryMs + HEARTBEAT_MS);
  await atRest();
  expect(outbox.ready).toBe(false);
  const accepted = outbox.store(countFrom('a'), DEFAULT_SETTINGS.expiryMs);
  await atRest();
  register();
  await atRest();
  expect(store.stored.has('o:a')).toBe(true);
  expect((await accepted).outcome).toBe('created');
  await outbox.leave();
});
