// @module-tag postgres
import type { Platform } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { describe, expect, test, vi } from 'vitest';
import { freshKey, READY_WITHIN_MS, sidecarOptions, stored, usePlatform } from '../../test/sidecar-fixture.ts';
import { SidecarError } from '../types.ts';
import { createSidecar } from './sidecar.ts';

/** A request to the sidecar's HTTP API for state, as earlier versions of the services send it. */
const overHttp = ({ sidecarUrls, secrets }: Platform, path: string, body?: unknown): Promise<Response> =>
  fetch(`${sidecarUrls.order[0]}/v1.0/state/state${path}`, {
    headers: { 'dapr-api-token': secrets.daprApiToken, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });

describe.each(['redis', 'postgresql'] as const)('state on %s', (kind) => {
  const fixture = usePlatform(kind);
  const stateProcess = kind === 'redis' ? 'redis-state' : 'postgresql';

  test('creates a key once', async () => {
    const { store } = fixture();
    const { key } = await stored(store, { n: 1 });
    expect(await store.insert(key, { n: 2 })).toBe('exists');
    expect((await store.get(key))?.value).toEqual({ n: 1 });
    expect(await store.get(freshKey())).toBeUndefined();
  });

  test('writes one of two updates of the same version', async () => {
    const { store } = fixture();
    const { key, etag } = await stored(store, 0);
    const outcomes = await Promise.all([store.update(key, 1, etag), store.update(key, 2, etag)]);
    expect(outcomes.toSorted()).toEqual(['conflict', 'written']);
    expect((await store.get(key))?.value).toBe(outcomes[0] === 'written' ? 1 : 2);
  });

  test('reports a conflict for a bulk write with one stale item, and stores the others', async () => {
    const { store } = fixture();
    const [one, two] = [await stored(store, 0), await stored(store, 0)];
    await store.update(two.key, 1, two.etag);
    const outcome = await store.write([
      { ...one, value: 5 },
      { ...two, value: 5 },
    ]);
    expect(outcome).toBe('conflict');
    const read = await store.read([one.key, two.key, freshKey(), one.key]);
    expect([...read].map(([key, { value }]) => [key, value]).toSorted()).toEqual([
      [one.key, 5],
      [two.key, 1],
    ]);
  });

  test('predicts the ETag that a read returns, after an insertion and after each write', async () => {
    const { store } = fixture();
    const key = freshKey();
    let etag: string | undefined;
    await store.transact([{ op: 'insert', key, json: '0' }]);
    for (const value of [1, 2, 3]) {
      const found = (await store.get(key))?.etag as string;
      etag = store.etagAfter(etag);
      expect([found, undefined]).toContain(etag);
      expect(await store.update(key, value, etag ?? found)).toBe('written');
    }
  });

  test('deletes a key after its expiry, keeps one without, and does not restore it by a late write on PostgreSQL', async () => {
    const { store } = fixture();
    const [short, long, inserted] = [await stored(store, 0), await stored(store, 0), freshKey()];
    expect(await store.insert(inserted, 0, 2)).toBe('created');
    const items = [
      { ...short, value: 1, expiresInSeconds: 2 },
      { ...long, value: 1 },
    ];
    expect(await store.write(items)).toBe('written');
    const { etag = '' } = (await store.get(short.key)) ?? {};
    const keys = [short.key, long.key, inserted];
    await poll(
      'expiry',
      () => store.read(keys),
      (found) => !found.has(short.key) && !found.has(inserted),
    );
    expect([...(await store.read(keys)).keys()]).toEqual([long.key]);

    expect(await store.write([{ key: short.key, value: 2, etag }])).toBe(kind === 'redis' ? 'written' : 'conflict');
    expect(await store.insert(inserted, 3)).toBe('created');
  });

  test('a stale write and an insertion of an existing key give it no expiry', async () => {
    const { store } = fixture();
    const { key, etag } = await stored(store, 0);
    await store.update(key, 1, etag);
    expect(await store.write([{ key, value: 2, etag, expiresInSeconds: 1 }])).toBe('conflict');
    expect(await store.insert(key, 2, 1)).toBe('exists');
    const other = await stored(store, 0);
    await store.write([{ ...other, value: 1, expiresInSeconds: 3 }]);
    await poll(
      'a later expiry',
      () => store.get(other.key),
      (found) => found === undefined,
    );
    expect((await store.get(key))?.value).toBe(1);
  });

  test('splits a write that is larger than one body', async () => {
    const { store } = fixture();
    const items = await Promise.all(Array.from({ length: 5 }, () => stored(store, '')));
    const value = 'x'.repeat(1_000_000);
    expect(await store.write(items.map((item) => ({ ...item, value })))).toBe('written');
    const read = await store.read(items.map(({ key }) => key));
    expect([...read.values()].every((found) => found.value === value)).toBe(true);
  });

  test('stores the bytes of a value as they are: key order and large integers survive', async () => {
    const { store, platform } = fixture();
    const [inserted, written] = [freshKey(), await stored(store, 0)];
    const json = '{"z":9007199254740993,"a":{"y":1.0,"b":"ä<&>"}}';
    expect(await store.transact([{ op: 'insert', key: inserted, json }])).toBe('committed');
    expect(await (await overHttp(platform, `/${inserted}`)).text()).toBe(json);
    const value = { z: 1, a: '€' };
    expect(await store.write([{ ...written, value }])).toBe('written');
    expect(await (await overHttp(platform, `/${written.key}`)).text()).toBe('{"z":1,"a":"€"}');
  });

  test('reads and updates what the HTTP API has stored, and the reverse: both may run during an upgrade', async () => {
    const { store, platform } = fixture();
    const key = freshKey();
    const save = (value: unknown, etag?: string) =>
      overHttp(platform, '', [{ key, value, ...(etag !== undefined && { etag }) }]);
    expect((await save({ z: 1, a: 'ä' })).status).toBe(204);
    const first = await store.get(key);
    expect(first?.value).toEqual({ z: 1, a: 'ä' });
    expect(await store.update(key, { z: 2 }, first?.etag ?? '')).toBe('written');
    const bulk = await overHttp(platform, '/bulk', { keys: [key] });
    const [item] = (await bulk.json()) as { data: unknown; etag: string }[];
    expect(item?.data).toEqual({ z: 2 });
    expect((await save({ z: 3 }, item?.etag)).status).toBe(204);
    expect((await save({ z: 4 }, item?.etag)).status).toBe(409);
    expect((await store.read([key])).get(key)?.value).toEqual({ z: 3 });
  });

  test('fails a transaction that inserts an existing key; only PostgreSQL rolls the rest back', async () => {
    const { store } = fixture();
    const taken = await stored(store, 'first');
    const other = freshKey();
    const outcome = await store.transact([
      { op: 'insert', key: taken.key, json: '"second"' },
      { op: 'upsert', key: other, json: '1' },
    ]);
    expect(outcome).toBe('unknown');
    expect((await store.get(taken.key))?.value).toBe('first');
    expect((await store.get(other))?.value).toBe(kind === 'redis' ? 1 : undefined);
  });

  test('inserts, changes and deletes in one transaction', async () => {
    const { store } = fixture();
    const [changed, deleted, added] = [await stored(store, 0), await stored(store, 0), freshKey()];
    const outcome = await store.transact([
      { op: 'insert', key: added, json: '1' },
      { op: 'upsert', key: changed.key, json: '2' },
      { op: 'delete', key: deleted.key },
      { op: 'delete', key: freshKey() },
    ]);
    expect(outcome).toBe('committed');
    const read = await store.read([added, changed.key, deleted.key]);
    expect([...read.values()].map(({ value }) => value).toSorted()).toEqual([1, 2]);
  });

  test.each([
    ['a key that Dapr refuses', 'a||b', '1'],
    ['a body that Dapr refuses', 'large', JSON.stringify('x'.repeat(5_000_000))],
  ])('refuses a transaction with %s, and stores nothing of it', async (_, key, json) => {
    const { store } = fixture();
    const other = freshKey();
    const outcome = await store.transact([
      { op: 'upsert', key: other, json: '1' },
      { op: 'upsert', key, json },
    ]);
    expect(outcome).toBe('refused');
    expect(await store.get(other)).toBeUndefined();
  });

  test('deletes a key, whether it exists or not', async () => {
    const { store } = fixture();
    const { key } = await stored(store, 0);
    expect(await store.remove(key)).toBe('written');
    expect(await store.remove(key)).toBe('written');
    expect(await store.get(key)).toBeUndefined();
  });

  test('reports an error, not a missing key, when a key cannot be read', async () => {
    const { store, platform } = fixture();
    const { key } = await stored(store, 0);
    // A longer deadline than the sidecar's own: the test needs the sidecar's error response.
    const patient = createSidecar({ ...sidecarOptions(platform), deadlineMs: 20_000 });
    const patientStore = await patient.store('state');
    await platform.pause(stateProcess);
    await expect(patientStore.read([key])).rejects.toThrow(SidecarError);
    await platform.resume(stateProcess);
    await patient.close();
    expect((await store.read([key])).get(key)?.value).toBe(0);
  });

  test('has no answer from a paused sidecar within the deadline, and works again when it continues or has restarted', async () => {
    const { platform, store, sidecar } = fixture();
    const impatient = createSidecar({ ...sidecarOptions(platform), deadlineMs: 300 });
    const { key, etag } = await stored(store, 0);
    const impatientStore = await impatient.store('state');
    await platform.pause('order-1-dapr');
    const [transacted, updated, read] = await Promise.all([
      impatientStore.transact([{ op: 'upsert', key: freshKey(), json: '1' }]),
      impatientStore.update(key, 1, etag),
      impatientStore.read([key]).catch((error: unknown) => error),
    ]);
    await platform.resume('order-1-dapr');
    expect([transacted, updated]).toEqual(['unknown', 'unknown']);
    expect(read).toBeInstanceOf(SidecarError);
    await vi.waitFor(() => impatientStore.get(key), { timeout: READY_WITHIN_MS });
    await impatient.close();

    await platform.kill('order-1-dapr');
    expect(await store.transact([{ op: 'upsert', key, json: '1' }])).toBe('unknown');
    await platform.start('order-1-dapr');
    await sidecar.waitReady(READY_WITHIN_MS);
    expect(await store.transact([{ op: 'upsert', key, json: '2' }])).toBe('committed');
    expect((await store.get(key))?.value).toBe(2);
  });

  test('reports no conflict while the store is down', async () => {
    const { store, platform, sidecar } = fixture();
    const { key, etag } = await stored(store, 0);
    await platform.kill(stateProcess);
    expect(await store.update(key, 1, etag)).toBe('unknown');
    expect(
      await store.write([
        { key, value: 1, etag },
        { key: freshKey(), value: 1, etag },
      ]),
    ).toBe('unknown');
    expect(await store.remove(key)).toBe('unknown');
    expect(await store.insert(freshKey(), 1)).toBe('unknown');
    expect(await store.transact([{ op: 'upsert', key, json: '1' }])).toBe('unknown');
    await expect(store.read([key])).rejects.toThrow(SidecarError);
    await platform.start(stateProcess);
    await platform.ready();
    await sidecar.waitReady(READY_WITHIN_MS);
    // Right after the store has restarted, the sidecar's client repeats its last failure.
    const found = await vi.waitFor(() => store.get(key), { timeout: READY_WITHIN_MS });
    expect(found?.value).toBe(0);
  });
});
