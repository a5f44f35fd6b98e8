import { ConfigurationError } from '@standing-order/service-kit/config';
import { systemClock } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { expect, test } from 'vitest';
import { checkStoreIdentity, type StoreIdentityOptions } from './store-identity.ts';

const never = new AbortController().signal;
const clock = { wall: () => 0, setTimer: (_: number, fire: () => void) => systemClock.setTimer(0, fire) };
const check = (store: StoreIdentityOptions['store'], options: Partial<StoreIdentityOptions> = {}) =>
  checkStoreIdentity({ store, clock, owner: 'shop/so', mayBeEmpty: false, ...options }, never);

/** A store with the key by which the outbox of an earlier version is recognised. */
async function usedStore() {
  const store = createMemoryStore();
  await store.insert('writers', { v: 1, revision: 1, writers: ['a'] });
  return store;
}

test('refuses an empty store, writes nothing to it, and states the remedy', async () => {
  const store = createMemoryStore();
  const refused = check(store);
  await expect(refused).rejects.toThrow(ConfigurationError);
  await expect(refused).rejects.toThrow('STATE_STORE_MAY_BE_EMPTY=on');
  expect(store.entries.size).toBe(0);
});

test('marks an empty store that is accepted, and accepts it from then on', async () => {
  const store = createMemoryStore();
  await check(store, { mayBeEmpty: true });
  expect(store.entries.get('installation')?.value).toEqual({
    v: 1,
    owner: 'shop/so',
    createdAt: '1970-01-01T00:00:00.000Z',
  });
  await check(store);
});

test('accepts and marks a store of an earlier version, which has no mark', async () => {
  const store = await usedStore();
  await check(store);
  expect(store.entries.get('installation')?.value).toMatchObject({ owner: 'shop/so' });
});

test.each([true, false])(
  'refuses the store of another installation, and states its name (empty allowed: %s)',
  async (mayBeEmpty) => {
    const store = createMemoryStore();
    await check(store, { owner: 'shop/other', mayBeEmpty: true });
    const refused = check(store, { mayBeEmpty });
    await expect(refused).rejects.toThrow(ConfigurationError);
    await expect(refused).rejects.toThrow('STATE_STORE_OWNER=shop/other');
    await check(store, { owner: 'shop/other' });
  },
);

test('a store without an owner gets one, and a service without an owner accepts every store', async () => {
  const store = createMemoryStore();
  await check(store, { owner: undefined, mayBeEmpty: true });
  await check(store);
  expect(store.entries.get('installation')?.value).toMatchObject({ owner: 'shop/so' });
  await check(store, { owner: undefined });
});

test('waits while the store cannot be read or written, and never takes a store that is down for an empty one', async () => {
  const store = await usedStore();
  store.down = true;
  let reads = 0;
  const counted: StoreIdentityOptions['store'] = {
    ...store,
    get(key) {
      if (++reads === 5) store.down = false;
      return store.get(key);
    },
  };
  await check(counted);
  expect(store.entries.get('installation')?.value).toMatchObject({ owner: 'shop/so' });
});

test('replicas that start at once agree on one mark', async () => {
  const store = createMemoryStore();
  await Promise.all(Array.from({ length: 5 }, () => check(store, { mayBeEmpty: true })));
  expect(store.entries.get('installation')?.etag).toBe('1');
});

test('ends when the service is stopped meanwhile', async () => {
  const store = createMemoryStore();
  store.down = true;
  const stopping = new AbortController();
  const waiting = checkStoreIdentity({ store, clock, owner: undefined, mayBeEmpty: true }, stopping.signal);
  stopping.abort(new Error('stopping'));
  await expect(waiting).rejects.toThrow('stopping');
});
