import { expect, test } from 'vitest';
import { atRest, contextOf, countFrom, MemoryStore, manualClock } from '../test/parts.ts';
import { createOutbox } from './outbox.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

test('what comes while a new name is being registered is written under it at once', async () => {
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
  clock.go(DEFAULT_SETTINGS.expiryMs + DEFAULT_SETTINGS.beatMs);
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
