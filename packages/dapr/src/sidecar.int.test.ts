// @module-tag postgres
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommunicationProtocolEnum, DaprClient } from '@dapr/dapr';
import { TOPICS } from '@standing-order/contracts';
import { findPortBase, type Platform, startPlatform } from '@standing-order/local';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DeadLetter } from './dead-letter.ts';
import { createEvent } from './event.ts';
import { createSidecar } from './sidecar.ts';
import { type CloudEvent, type Sidecar, SidecarError, type StateStore } from './types.ts';

const READY_WITHIN_MS = 60_000;

interface World {
  readonly platform: Platform;
  readonly sidecar: Sidecar;
  readonly store: StateStore;
}

/** A platform for one block of tests; the sidecar is that of the order service. */
function useWorld(kind: 'redis' | 'postgresql'): () => World {
  let world: World | undefined;
  const dataDir = mkdtempSync(join(tmpdir(), 'sidecar-'));
  beforeAll(async () => {
    const platform = await startPlatform({ dataDir, portBase: await findPortBase(), store: kind });
    const httpPort = Number(new URL(platform.sidecarUrls.order[0] ?? '').port);
    const sidecar = createSidecar({ httpPort, apiToken: platform.secrets.daprApiToken });
    await sidecar.waitReady(READY_WITHIN_MS);
    world = { platform, sidecar, store: await sidecar.store('state') };
  });
  afterAll(async () => {
    await world?.sidecar.close();
    await world?.platform.close();
    rmSync(dataDir, { recursive: true });
  });
  return () => {
    if (!world) throw new Error('the platform did not start');
    return world;
  };
}

let keys = 0;
const freshKey = (): string => `test:${keys++}`;

async function stored(store: StateStore, value: unknown): Promise<{ key: string; etag: string }> {
  const key = freshKey();
  expect(await store.insert(key, value)).toBe('created');
  return { key, etag: (await store.get(key))?.etag ?? '' };
}

const event = (id: string) =>
  createEvent({ id, source: '/test', type: 'test.v1', subject: 'test', time: 0, data: { id }, trace: undefined });

describe.each(['redis', 'postgresql'] as const)('on %s', (kind) => {
  const world = useWorld(kind);
  const statePart = kind === 'redis' ? 'redis-state' : 'postgresql';

  test('a key is created once', async () => {
    const { store } = world();
    const { key } = await stored(store, { n: 1 });
    expect(await store.insert(key, { n: 2 })).toBe('exists');
    expect((await store.get(key))?.value).toEqual({ n: 1 });
    expect(await store.get(freshKey())).toBeUndefined();
  });

  test('of two updates of one version, one is written', async () => {
    const { store } = world();
    const { key, etag } = await stored(store, 0);
    const outcomes = await Promise.all([store.update(key, 1, etag), store.update(key, 2, etag)]);
    expect(outcomes.toSorted()).toEqual(['conflict', 'written']);
    expect((await store.get(key))?.value).toBe(outcomes[0] === 'written' ? 1 : 2);
  });

  test('in a write of many a stale item is a conflict, and the others are stored', async () => {
    const { store } = world();
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

  test('an ETag that is foreseen is the one that a read finds, after an insertion and after each write', async () => {
    const { store } = world();
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

  test('more than one body can hold is written in several', async () => {
    const { store } = world();
    const items = await Promise.all(Array.from({ length: 5 }, () => stored(store, '')));
    const value = 'x'.repeat(1_000_000);
    expect(await store.write(items.map((item) => ({ ...item, value })))).toBe('written');
    const read = await store.read(items.map(({ key }) => key));
    expect([...read.values()].every((found) => found.value === value)).toBe(true);
  });

  test('an insert of a key that exists fails its transaction; only PostgreSQL takes the rest back', async () => {
    const { store } = world();
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

  test('a transaction inserts, changes and deletes', async () => {
    const { store } = world();
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
    ['a key that Dapr does not take', 'a||b', '1'],
    ['a body that Dapr does not take', 'large', JSON.stringify('x'.repeat(5_000_000))],
  ])('a transaction with %s is refused, and nothing of it is stored', async (_, key, json) => {
    const { store } = world();
    const other = freshKey();
    const outcome = await store.transact([
      { op: 'upsert', key: other, json: '1' },
      { op: 'upsert', key, json },
    ]);
    expect(outcome).toBe('refused');
    expect(await store.get(other)).toBeUndefined();
  });

  test('a key is deleted, whether it is there or not', async () => {
    const { store } = world();
    const { key } = await stored(store, 0);
    expect(await store.remove(key)).toBe('written');
    expect(await store.remove(key)).toBe('written');
    expect(await store.get(key)).toBeUndefined();
  });

  test('a key that cannot be read is an error, and not missing', async () => {
    const { store, platform } = world();
    const { key } = await stored(store, 0);
    const httpPort = Number(new URL(platform.sidecarUrls.order[0] ?? '').port);
    // Longer than the sidecar takes to give up: what it says then is what is looked at here.
    const patient = createSidecar({ httpPort, apiToken: platform.secrets.daprApiToken, deadlineMs: 20_000 });
    const patientStore = await patient.store('state');
    await platform.freeze(statePart);
    await expect(patientStore.read([key])).rejects.toThrow(SidecarError);
    await platform.thaw(statePart);
    await patient.close();
    expect((await store.read([key])).get(key)?.value).toBe(0);
  });

  test('a store that is down is a conflict to nobody', async () => {
    const { store, platform, sidecar } = world();
    const { key, etag } = await stored(store, 0);
    await platform.kill(statePart);
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
    await expect(store.read([key])).rejects.toThrow('bulk get');
    await platform.start(statePart);
    await platform.ready();
    await sidecar.waitReady(READY_WITHIN_MS);
    // For a moment after the store is back, the sidecar's client of it repeats its last failure.
    const found = await vi.waitFor(() => store.get(key), { timeout: READY_WITHIN_MS });
    expect(found?.value).toBe(0);
  });
});

describe('publishing, and why @dapr/dapr 3.18.0 is not used for it nor for state', () => {
  const world = useWorld('redis');
  const TAKEN = 'topic-that-is-no-stream';
  let sdk: DaprClient;
  let broker: Awaited<ReturnType<typeof connect>>;
  const connect = (url: string) => createClient({ url }).connect();

  beforeAll(async () => {
    const { platform } = world();
    const { hostname, port } = new URL(platform.sidecarUrls.order[0] ?? '');
    sdk = new DaprClient({
      daprHost: hostname,
      daprPort: port,
      daprApiToken: platform.secrets.daprApiToken,
      communicationProtocol: CommunicationProtocolEnum.HTTP,
    });
    // A key of another type in the place of the stream: the broker is up and refuses every entry.
    broker = await connect(platform.stores.broker);
    await broker.set(TAKEN, 'x');
  });
  afterAll(async () => {
    broker?.destroy();
    await sdk?.stop();
  });

  test('we say for each message whether the broker took it', async () => {
    const { sidecar } = world();
    const two = [{ event: event('one'), partitionKey: '7' }, { event: event('two') }];
    expect(await sidecar.publish('messages', 'topic-of-the-test', two)).toEqual([true, true]);
    expect(await sidecar.publish('messages', TAKEN, two)).toEqual([false, false]);
    expect(await sidecar.publish('no-such-pubsub', 'topic-of-the-test', two)).toEqual([false, false]);
  });

  test('its publishBulk calls messages sent that the broker refused', async () => {
    expect(await sdk.pubsub.publishBulk('messages', TAKEN, [{ a: 1 }, { a: 2 }])).toEqual({ failedMessages: [] });
  });

  test('its get drops the ETag, so that nothing can be compared and set', async () => {
    const { store } = world();
    const { key, etag } = await stored(store, { n: 1 });
    expect(etag).not.toBe('');
    expect(await sdk.state.get('state', key)).toEqual({ n: 1 });
  });

  test('its save comes back from a conflict as if it had saved', async () => {
    const { store } = world();
    const { key, etag } = await stored(store, { n: 1 });
    expect(await store.update(key, { n: 2 }, etag)).toBe('written');
    await expect(sdk.state.save('state', [{ key, value: { n: 3 }, etag }])).resolves.toBeDefined();
    expect((await store.get(key))?.value).toEqual({ n: 2 });
    expect(await store.update(key, { n: 3 }, etag)).toBe('conflict');
  });

  test('garbage on a topic is put away with its reason, and the rest flows', async () => {
    const { sidecar } = world();
    const topic = TOPICS['consumer-commands'];
    const orderId = '018f3c9e-7b1a-7c3d-8e4f-0123456789ab';
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const command = (id: string, data: unknown) => ({
      event: createEvent({ id, source: '/test', type: topic.types[0], subject: orderId, time: 0, data, trace }),
    });
    const good = command('good', { orderId, token: { w: 'test', a: 1, t: 0.5 }, consumerId: 'nobody' });
    const garbage = command('garbage', { orderId, token: { w: 'test', a: 1, t: 0.5 }, consumerId: '|' });
    expect(await sidecar.publish('messages', topic.name, [garbage, good])).toEqual([true, true]);

    const eventsOf = async (stream: string): Promise<CloudEvent[]> =>
      ((await broker.xRange(stream, '-', '+')) ?? []).map((entry) => JSON.parse(entry?.message.data ?? '{}'));
    const arrived = (stream: string) =>
      vi.waitFor(
        async () => {
          const found = (await eventsOf(stream)).find(({ subject }) => subject === orderId);
          if (!found) throw new Error(`nothing on ${stream} yet`);
          return found;
        },
        { timeout: READY_WITHIN_MS },
      );
    const { data: letter, ...dead } = (await arrived(topic.deadLetter)) as CloudEvent<string, DeadLetter>;
    expect(dead.traceparent).toContain('0af7651916cd43dd8448eb211c80319c');
    expect(letter.original).toEqual({ id: 'garbage', type: topic.types[0], source: '/test' });
    expect(letter.faults.map(({ field }) => field)).toEqual(['data.consumerId']);
    const reply = await arrived('order-replies');
    expect(reply).toMatchObject({
      type: 'com.standing-order.consumer-refused.v1',
      data: { orderId, token: { w: 'test', a: 1, t: 0.5 } },
    });
    expect(reply.traceparent).toContain('0af7651916cd43dd8448eb211c80319c');
  });
});
