import { randomBytes } from 'node:crypto';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, test } from 'vitest';
import { isUnreadable, newHook, rotated, secretsOf } from '../domain/endpoint.ts';
import { createHooks } from './endpoint-store.ts';
import { createVault, KEY_LENGTH } from './secret-cipher.ts';

const hook = (id: string) =>
  newHook({ id, request: { url: 'https://example.com/', description: '' }, secret: 's', now: 0 });

function directory(keys: readonly Buffer[] = [], store = createMemoryStore()) {
  let writes = 0;
  return { store, hooks: createHooks({ store, vault: createVault(keys), nonce: () => String(++writes) }) };
}

test('webhooks that are registered at the same time are all there', async () => {
  const { hooks } = directory();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  expect(await Promise.all(ids.map((id) => hooks.add(hook(id))))).toEqual(ids.map(() => 'added'));
  expect((await hooks.all()).map(({ id }) => id).toSorted()).toEqual(ids);
});

test('changes that are made at the same time are all made, each on the version before', async () => {
  const { hooks } = directory();
  await hooks.add(hook('a'));
  await Promise.all(
    ['x', 'y', 'z'].map((letter) =>
      hooks.change<never>('a', (now) => ({ ...now, description: now.description + letter })),
    ),
  );
  const [{ description, version } = hook('none')] = await hooks.all();
  expect([description.split('').toSorted().join(''), version]).toEqual(['xyz', 4]);
});

test('a write of which nothing is heard is known when it shows in the store, and unknown when it does not', async () => {
  const { store, hooks } = directory();
  await hooks.add(hook('a'));
  const { update } = store;
  store.update = async (...args) => {
    await update(...args);
    return 'unknown';
  };
  expect(await hooks.change<never>('a', (now) => now)).toMatchObject({ outcome: 'changed', hook: { version: 2 } });
  store.update = async () => 'unknown';
  expect(await hooks.change<never>('a', (now) => now)).toEqual({ outcome: 'unknown' });
  expect((await hooks.all())[0]?.version).toBe(2);
});

test('one that is deleted is nobody to change, and only then can be forgotten', async () => {
  const { hooks } = directory();
  await hooks.add(hook('a'));
  expect(await hooks.forget('a')).toBe(true);
  expect(await hooks.all()).toHaveLength(1);
  await hooks.change<never>('a', (now) => ({ ...now, deleted: true }));
  expect(await hooks.change<never>('a', (now) => now)).toEqual({ outcome: 'missing' });
  expect(await hooks.forget('a')).toBe(true);
  expect(await hooks.all()).toEqual([]);
});

describe('secrets in the store', () => {
  const [old, now] = [randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH)];
  const textIn = async (store: ReturnType<typeof createMemoryStore>) =>
    JSON.stringify((await store.get('webhooks'))?.value);

  test('are sealed, those before them as well, and are themselves again when they are read', async () => {
    const { store, hooks } = directory([now]);
    await hooks.add({ ...hook('a'), secret: 'whsec_first' });
    await hooks.change<never>('a', (current) => rotated(current, 'whsec_second', 0));
    expect(await textIn(store)).not.toMatch(/first|second/);
    const [read] = await hooks.all();
    expect(read && secretsOf(read, 0)).toEqual(['whsec_second', 'whsec_first']);
  });

  test('are sealed with the first key once it is there, whatever they were before', async () => {
    const { store, hooks } = directory();
    await hooks.add({ ...hook('a'), secret: 'whsec_a' });
    expect(await textIn(store)).toMatch(/"v":1.*whsec_a/);
    for (const keys of [[old], [now, old], [now]]) {
      expect((await directory(keys, store).hooks.reseal()).filter(isUnreadable)).toEqual([]);
      expect(await textIn(store)).toMatch(/"v":2/);
      expect(await textIn(store)).not.toMatch('whsec_a');
    }
    const before = await textIn(store);
    await directory([now, old], store).hooks.reseal();
    expect(await textIn(store)).toBe(before);
    expect(await directory([now], store).hooks.all()).toMatchObject([{ secret: 'whsec_a' }]);
  });

  test('that no key opens stay as they are, and their webhooks get new ones', async () => {
    const { store, hooks } = directory([old]);
    await hooks.add({ ...hook('a'), secret: 'whsec_a' });
    await hooks.add({ ...hook('b'), secret: 'whsec_b' });
    const without = directory([], store).hooks;
    expect((await without.reseal()).filter(isUnreadable)).toMatchObject([{ id: 'a' }, { id: 'b' }]);
    expect((await without.all()).map((each) => secretsOf(each, 0))).toEqual([[], []]);
    await without.change<never>('b', (current) => rotated(current, 'whsec_new', 0));
    expect((await hooks.all()).map((each) => secretsOf(each, 0))).toEqual([['whsec_a'], ['whsec_new', 'whsec_b']]);
  });
});
