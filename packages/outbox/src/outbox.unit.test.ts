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

test('counts no open document under a new writer name until it takes over those of the former name', async () => {
  const clock = manualClock();
  const outbox = createOutbox(contextOf(new MemoryStore(), clock));
  await outbox.start();
  const accepted = outbox.store(countFrom('a'), DEFAULT_SETTINGS.expiryMs);
  await atRest();
  expect((await accepted).outcome).toBe('created');
  const { writer, open } = outbox.stats();
  expect(open).toBe(1);
  clock.go(DEFAULT_SETTINGS.expiryMs + HEARTBEAT_MS);
  expect(outbox.stats()).toMatchObject({ writer: undefined, open: 0 });
  await atRest();
  expect(outbox.stats().writer).not.toBe(writer);
  expect(outbox.stats().open).toBe(0);
  for (let seconds = 0; seconds < 15; seconds++) {
    clock.go(1_000);
    await atRest();
  }
  expect(outbox.stats().open).toBe(1);
  await outbox.leave();
});
