import { randomBytes } from 'node:crypto';
import type { Clock } from '@standing-order/service-kit/runtime';
import { createManualClock } from '@standing-order/testing/manual-clock';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { expect, test, vi } from 'vitest';
import type { AttemptResult } from '../domain/delivery-state.ts';
import { hasUnreadableSecret, newEndpoint } from '../domain/endpoint.ts';
import type { WebhookEvent } from '../domain/event.ts';
import { createEndpointStore } from '../endpoints/endpoint-store.ts';
import { createSecretCipher, KEY_LENGTH } from '../endpoints/secret-cipher.ts';
import { createDeliveryManager } from './delivery-manager.ts';
import { createDeliveryLog } from './storage/delivery-log.ts';
import { createDeliveryStateStore } from './storage/delivery-state-store.ts';
import { createLeases } from './storage/leases.ts';
import { createEndpointLogs, deliveryStateKey, eventLogKey, historyKey, leaseKey } from './storage/logs.ts';

const MINUTE_MS = 60_000;
// Minutes of the manual clock take thousands of event loop turns.
vi.setConfig({ testTimeout: 60_000 });

const eventNamed = (id: string): WebhookEvent => ({
  id,
  type: 'order.validated',
  timestamp: '2026-11-22T09:00:00.000Z',
  data: { orderId: id, consumerId: 'ada', status: 'VALIDATED', reasons: [] },
});
const named = (count: number, first = 1) => Array.from({ length: count }, (_, index) => `e${first + index}`);

/** A store, and replicas that deliver to receivers with configurable responses. */
function testPlatform(disableAfterMs = 10_000 * MINUTE_MS) {
  const store = createMemoryStore();
  const clock = createManualClock();
  const advance = clock.advanceSlowly;
  let writes = 0;
  const endpointsWith = (...keys: Buffer[]) =>
    createEndpointStore({ store, cipher: createSecretCipher(keys), nonce: () => String(++writes) });
  const endpoints = endpointsWith();
  const logs = createEndpointLogs(store);
  const states = createDeliveryStateStore(store);
  const responses: { of(endpoint: string, event: string): AttemptResult } = { of: () => ({ ok: true, answered: 200 }) };
  const sent: { readonly by: string; readonly endpoint: string; readonly event: string; readonly at: number }[] = [];

  function replica(by: string, ownClock: Clock = clock, ownEndpoints = endpoints) {
    const leases = createLeases({ store, clock: ownClock, owner: by });
    const sender = {
      async send({ id: endpoint }: { readonly id: string }, { id: event }: WebhookEvent) {
        sent.push({ by, endpoint, event, at: clock.wall() });
        const response = responses.of(endpoint, event);
        // Response times vary, so that responses interleave with other work.
        for (let hops = (sent.length * 7) % 13; hops > 0; hops--) await undefined;
        return response;
      },
      close: async () => {},
    };
    const options = { store, clock: ownClock, random: () => 0.5, logs, states, leases, sender, disableAfterMs };
    const manager = createDeliveryManager({ ...options, endpoints: ownEndpoints });
    manager.start();
    return manager;
  }

  return {
    store,
    clock,
    advance,
    endpoints,
    endpointsWith,
    responses,
    sent,
    replica,
    deliveryLog: createDeliveryLog({ states, logs, now: clock.wall }),
    async register(...ids: string[]) {
      for (const id of ids) {
        const request = { url: 'https://example.com/', description: '' };
        await endpoints.add(newEndpoint({ id, request, secret: 'whsec_', now: 0 }));
      }
    },
    append: (endpoint: string, events: readonly string[]) =>
      logs.events.append([{ name: eventLogKey(endpoint), entries: events.map(eventNamed) }]),
    eventsSentTo: (endpoint: string) => sent.filter((one) => one.endpoint === endpoint).map(({ event }) => event),
  };
}

const failing: AttemptResult = { ok: false, answered: 500, error: 'response status 500' };

test('one replica delivers all events of an endpoint and records the results', async () => {
  const { register, append, replica, advance, sent, eventsSentTo, deliveryLog } = testPlatform();
  await register('one', 'two', 'three');
  for (const id of ['a', 'b']) replica(id);
  for (const endpoint of ['one', 'two', 'three']) await append(endpoint, named(150));
  await advance(30_000);
  for (const endpoint of ['one', 'two', 'three']) {
    expect(eventsSentTo(endpoint).toSorted()).toEqual(named(150).toSorted());
    expect(new Set(sent.filter((one) => one.endpoint === endpoint).map(({ by }) => by)).size).toBe(1);
    const { open, finished } = await deliveryLog.list(endpoint);
    expect(open).toEqual([]);
    expect(finished).toHaveLength(100);
    expect(finished[0]).toMatchObject({ status: 'delivered', attempts: 1, answered: 200 });
  }
});

test('another replica continues at once after a stop, without duplicates', async () => {
  const { register, append, replica, advance, sent, eventsSentTo } = testPlatform();
  await register('one');
  const first = replica('a');
  await advance(0);
  replica('b');
  await append('one', named(10));
  await advance(5_000);
  await first.stop();
  await append('one', named(10, 11));
  await advance(5_000);
  expect(eventsSentTo('one').toSorted()).toEqual(named(20).toSorted());
  expect(sent.filter(({ by }) => by === 'b').map(({ event }) => event)).toEqual(named(10, 11));
});

test('another replica takes over 10 s after a replica has died, and not earlier', async () => {
  const { register, append, replica, advance, sent } = testPlatform();
  await register('one');
  const died = createManualClock();
  replica('a', died);
  await died.advanceSlowly(0);
  replica('b');
  await append('one', named(3));
  await advance(9_000);
  expect(sent.filter(({ by }) => by === 'b')).toEqual([]);
  await advance(5_000);
  expect(sent.filter(({ by }) => by === 'b').map(({ event }) => event)).toEqual(named(3));
});

test('an event that always fails is retried with backoff and does not block other events', async () => {
  const { register, append, replica, advance, sent, eventsSentTo, responses, deliveryLog } = testPlatform();
  await register('one');
  responses.of = (_, event) => (event === 'e1' ? failing : { ok: true });
  replica('a');
  await append('one', named(400));
  await advance(10 * MINUTE_MS);
  expect(new Set(eventsSentTo('one')).size).toBe(400);
  const times = sent.filter(({ event }) => event === 'e1').map(({ at }) => at - (sent[0]?.at ?? 0));
  expect(times.map((at) => Math.floor(at / 1_000))).toEqual([0, 5, 20, 65, 200]);
  expect((await deliveryLog.list('one')).open).toMatchObject([
    { eventId: 'e1', attempts: 5, error: 'response status 500' },
  ]);
});

test('all events are delivered soon after an outage of the receiver', async () => {
  const { register, append, replica, advance, eventsSentTo, sent, responses } = testPlatform();
  await register('one', 'two');
  let down = true;
  responses.of = (endpoint) => (endpoint === 'one' && down ? { ok: false, error: 'ECONNREFUSED' } : { ok: true });
  replica('a');
  await append('one', named(400));
  await append('two', named(400));
  await advance(5 * MINUTE_MS);
  expect(new Set(eventsSentTo('two')).size).toBe(400);
  const attempts = sent.length;
  down = false;
  await advance(6 * MINUTE_MS);
  const after = sent.slice(attempts);
  expect(new Set(after.map(({ event }) => event)).size).toBe(400);
  expect((after.at(-1)?.at ?? 0) - (after[0]?.at ?? 0)).toBeLessThan(60_000);
});

test('an endpoint that fails for too long is disabled, and continues at its position once enabled', async () => {
  const { register, append, replica, advance, endpoints, eventsSentTo, responses, deliveryLog } = testPlatform(
    10 * MINUTE_MS,
  );
  await register('one');
  responses.of = () => failing;
  const { refresh } = replica('a');
  await append('one', ['e1']);
  await advance(9 * MINUTE_MS);
  expect((await endpoints.list())[0]).not.toHaveProperty('disabled');
  await advance(3 * MINUTE_MS);
  expect((await endpoints.list())[0]).toMatchObject({ disabled: { reason: 'failing' } });
  const before = eventsSentTo('one').length;
  await advance(30 * MINUTE_MS);
  expect(eventsSentTo('one')).toHaveLength(before);

  responses.of = () => ({ ok: true });
  await endpoints.change<never>('one', ({ disabled: _, ...enabled }) => enabled);
  await deliveryLog.retryOpenNow('one');
  refresh();
  await advance(5_000);
  expect(await deliveryLog.list('one')).toMatchObject({ open: [], finished: [{ eventId: 'e1', status: 'delivered' }] });
});

test('an endpoint without attempts is not disabled', async () => {
  const { register, append, replica, advance, endpoints, responses } = testPlatform(5 * MINUTE_MS);
  await register('one');
  responses.of = () => failing;
  replica('a');
  await append('one', ['e1']);
  await advance(4 * MINUTE_MS);
  // The next attempt is due after 10 minutes and succeeds.
  responses.of = () => ({ ok: true });
  await advance(8 * MINUTE_MS);
  expect((await endpoints.list())[0]).not.toHaveProperty('disabled');
});

test('secrets are encrypted with the new key once it is the first key of each replica', async () => {
  const { register, replica, advance, endpointsWith } = testPlatform();
  const [old, now] = [randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH)];
  const before = endpointsWith(old, now);
  await register('one');
  const leaving = replica('a', undefined, before);
  await advance(5_000);
  replica('b', undefined, endpointsWith(now, old));
  await advance(5_000);
  await leaving.stop();
  await before.change<never>('one', (endpoint) => ({ ...endpoint, description: 'changed last' }));
  await advance(5_000);
  expect((await endpointsWith(now).list()).filter(hasUnreadableSecret)).toEqual([]);
});

test('an outage of the state store delays deliveries and loses none', async () => {
  const { register, append, replica, advance, store, eventsSentTo, deliveryLog } = testPlatform();
  await register('one');
  replica('a');
  await advance(0);
  await append('one', named(50));
  store.acceptsWrite = () => false;
  await advance(60_000);
  store.acceptsWrite = () => true;
  await advance(60_000);
  expect(new Set(eventsSentTo('one'))).toEqual(new Set(named(50)));
  const { open, finished } = await deliveryLog.list('one');
  expect([open.length, new Set(finished.map(({ eventId }) => eventId)).size]).toEqual([0, 50]);
});

test('old pages of both logs are deleted, and all documents of a deleted endpoint', async () => {
  const { register, append, replica, advance, store, endpoints, eventsSentTo } = testPlatform();
  await register('one');
  replica('a');
  for (let first = 1; first <= 1_500; first += 100) {
    await append('one', named(100, first));
    await advance(10_000);
  }
  expect(new Set(eventsSentTo('one')).size).toBe(1_500);
  const pages = (log: string) =>
    Promise.all([0, 1, 12].map(async (page) => Boolean(await store.get(`page:${page}:${log}`))));
  expect(await pages(eventLogKey('one'))).toEqual([false, false, true]);
  expect(await pages(historyKey('one'))).toEqual([false, false, true]);

  await endpoints.change<never>('one', (endpoint) => ({ ...endpoint, deleted: true }));
  await advance(5_000);
  expect(await endpoints.list()).toEqual([]);
  for (const log of [eventLogKey('one'), historyKey('one')]) expect(await pages(log)).toEqual([false, false, false]);
  const left = await store.read([deliveryStateKey('one'), leaseKey('one'), eventLogKey('one'), historyKey('one')]);
  expect([...left.keys()]).toEqual([]);
});
