import { randomBytes } from 'node:crypto';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, test } from 'vitest';
import { type Endpoint, hasUnreadableSecret, newEndpoint, rotateSecret, signingSecrets } from '../domain/endpoint.ts';
import { createEndpointStore } from './endpoint-store.ts';
import { createSecretCipher, KEY_LENGTH } from './secret-cipher.ts';

const endpoint = (id: string) =>
  newEndpoint({ id, request: { url: 'https://example.com/', description: '' }, secret: 's', now: 0 });

let writes = 0;

function createStore(keys: readonly Buffer[] = [], store = createMemoryStore()) {
  return {
    store,
    endpoints: createEndpointStore({ store, cipher: createSecretCipher(keys), nonce: () => String(++writes) }),
  };
}

test('stores all endpoints that are registered concurrently', async () => {
  const { endpoints } = createStore();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  expect(await Promise.all(ids.map((id) => endpoints.add(endpoint(id))))).toEqual(ids.map(() => 'added'));
  expect((await endpoints.list()).map(({ id }) => id).toSorted()).toEqual(ids);
});

test('applies concurrent changes one after another, each to the previous version', async () => {
  const { endpoints } = createStore();
  await endpoints.add(endpoint('a'));
  await Promise.all(
    ['x', 'y', 'z'].map((letter) =>
      endpoints.change<never>('a', (now) => ({ ...now, description: now.description + letter })),
    ),
  );
  const [{ description, version } = endpoint('none')] = await endpoints.list();
  expect([description.split('').toSorted().join(''), version]).toEqual(['xyz', 4]);
});

test('reads back a write with an unknown outcome, and reports unknown if it was not stored', async () => {
  const { store, endpoints } = createStore();
  await endpoints.add(endpoint('a'));
  const { update } = store;
  store.update = async (...args) => {
    await update(...args);
    return 'unknown';
  };
  expect(await endpoints.change<never>('a', (now) => now)).toMatchObject({
    outcome: 'changed',
    endpoint: { version: 2 },
  });
  store.update = async () => 'unknown';
  expect(await endpoints.change<never>('a', (now) => now)).toEqual({ outcome: 'unknown' });
  expect((await endpoints.list())[0]?.version).toBe(2);
});

test.each(['late', 'conflict'])(
  'registers and changes an endpoint once when a write is confirmed as %s',
  async (fault) => {
    const { store, endpoints } = createStore();
    await endpoints.add(endpoint('a'));
    const { update } = store;
    /** Loses the answer to the next write. `late`: it lands when it is repeated. `conflict`: another write follows it. */
    const failOnce = () => {
      let late: (() => Promise<unknown>) | undefined;
      let calls = 0;
      store.update = async (...args) => {
        calls++;
        if (calls > 1) {
          await late?.();
          store.update = update;
          return update(...args);
        }
        late = () => update(...args);
        if (fault === 'late') return 'unknown';
        store.update = update;
        await late();
        await createStore([], store).endpoints.change<never>('a', (now) => now);
        return 'conflict';
      };
    };
    failOnce();
    expect(await endpoints.add(endpoint('b'))).toBe('added');
    failOnce();
    const matches = ({ version }: Endpoint) => version === 1;
    expect(
      await endpoints.change('b', (now) => (matches(now) ? { ...now, description: `${now.description}x` } : 'stale')),
    ).toMatchObject({ outcome: 'changed', endpoint: { version: 2, description: 'x' } });
    expect((await endpoints.list()).map(({ id }) => id)).toEqual(['a', 'b']);
    expect((await endpoints.list())[1]).toMatchObject({ version: 2, description: 'x' });
  },
);

test('a deleted endpoint cannot be changed, and only a deleted endpoint can be removed', async () => {
  const { endpoints } = createStore();
  await endpoints.add(endpoint('a'));
  expect(await endpoints.remove('a')).toBe(true);
  expect(await endpoints.list()).toHaveLength(1);
  await endpoints.change<never>('a', (now) => ({ ...now, deleted: true }));
  expect(await endpoints.change<never>('a', (now) => now)).toEqual({ outcome: 'missing' });
  expect(await endpoints.remove('a')).toBe(true);
  expect(await endpoints.list()).toEqual([]);
});

describe('stored secrets', () => {
  const [old, now] = [randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH)];
  const textIn = async (store: ReturnType<typeof createMemoryStore>) =>
    JSON.stringify((await store.get('webhooks'))?.value);

  test('are encrypted, rotated ones included, and decrypted when read', async () => {
    const { store, endpoints } = createStore([now]);
    await endpoints.add({ ...endpoint('a'), secret: 'whsec_first' });
    await endpoints.change<never>('a', (current) => rotateSecret(current, 'whsec_second', 0));
    expect(await textIn(store)).not.toMatch(/first|second/);
    const [read] = await endpoints.list();
    expect(read && signingSecrets(read, 0)).toEqual(['whsec_second', 'whsec_first']);
  });

  test('are encrypted with the first key, whether they were plain or encrypted with another key', async () => {
    const { store, endpoints } = createStore();
    await endpoints.add({ ...endpoint('a'), secret: 'whsec_a' });
    expect(await textIn(store)).toMatch(/"v":1.*whsec_a/);
    for (const keys of [[old], [now, old], [now]]) {
      expect((await createStore(keys, store).endpoints.reencrypt()).filter(hasUnreadableSecret)).toEqual([]);
      expect(await textIn(store)).toMatch(/"v":2/);
      expect(await textIn(store)).not.toMatch('whsec_a');
    }
    const before = await textIn(store);
    await createStore([now, old], store).endpoints.reencrypt();
    expect(await textIn(store)).toBe(before);
    expect(await createStore([now], store).endpoints.list()).toMatchObject([{ secret: 'whsec_a' }]);
  });

  test('stay unchanged if no key decrypts them, until the endpoint gets a new secret', async () => {
    const { store, endpoints } = createStore([old]);
    await endpoints.add({ ...endpoint('a'), secret: 'whsec_a' });
    await endpoints.add({ ...endpoint('b'), secret: 'whsec_b' });
    const without = createStore([], store).endpoints;
    expect((await without.reencrypt()).filter(hasUnreadableSecret)).toMatchObject([{ id: 'a' }, { id: 'b' }]);
    expect((await without.list()).map((each) => signingSecrets(each, 0))).toEqual([[], []]);
    await without.change<never>('b', (current) => rotateSecret(current, 'whsec_new', 0));
    expect((await endpoints.list()).map((each) => signingSecrets(each, 0))).toEqual([
      ['whsec_a'],
      ['whsec_new', 'whsec_b'],
    ]);
  });
});
