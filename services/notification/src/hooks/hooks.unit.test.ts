import { createMemoryStore } from '@standing-order/platform/memory-store';
import { expect, test } from 'vitest';
import { newHook } from './hook.ts';
import { createHooks } from './hooks.ts';

const hook = (id: string) =>
  newHook({ id, request: { url: 'https://example.com/', description: '' }, secret: 's', now: 0 });

function directory() {
  const store = createMemoryStore();
  let writes = 0;
  return { store, hooks: createHooks({ store, nonce: () => String(++writes) }) };
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
