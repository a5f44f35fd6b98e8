import { randomUUID } from 'node:crypto';
import { createEvent } from '@standing-order/dapr';
import { systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, test } from 'vitest';
import { notificationApp } from './app.ts';
import { createDeliveryLog } from './delivery/storage/delivery-log.ts';
import { createDeliveryStateStore } from './delivery/storage/delivery-state-store.ts';
import { createEndpointLogs, eventLogKey, historyKey } from './delivery/storage/logs.ts';
import { GIVE_UP_AFTER_MS } from './domain/retry-schedule.ts';
import { createAddressPolicy, parseRanges } from './endpoints/address-policy.ts';
import { createEndpointStore } from './endpoints/endpoint-store.ts';
import { createSecretCipher } from './endpoints/secret-cipher.ts';

const ENDPOINT_URL = 'https://example.com/hook';

/** The service over an in-memory store, without delivery workers. */
function service() {
  const store = createMemoryStore();
  const newId = () => uuidv7(systemClock, systemRandom);
  const endpoints = createEndpointStore({ store, cipher: createSecretCipher([]), nonce: newId });
  const logs = createEndpointLogs(store);
  const states = createDeliveryStateStore(store);
  const published: { topic: string; subject: string }[] = [];
  const woken: string[] = [];
  let brokerAccepts = true;
  const isAllowedAddress = createAddressPolicy(parseRanges([]) as NonNullable<ReturnType<typeof parseRanges>>);
  const app = notificationApp({
    endpoints,
    logs,
    deliveryLog: createDeliveryLog({ states, logs, now: () => 1_000 }),
    deliveryManager: { wake: (ids) => woken.push(...ids), refresh: () => {} },
    policy: { allowHttp: false, isAllowedAddress },
    sidecar: {
      async publish(_pubsub, topic, messages) {
        published.push(...messages.map(({ event }) => ({ topic, subject: event.subject })));
        return messages.map(() => brokerAccepts);
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 1_000 },
    newId,
    readiness: () => ({ ready: true, reasons: [] }),
    authenticate: undefined,
  });

  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await app.request(path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: each test asserts the body that it expects
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as any };
  }

  async function decide(...orders: { id: string; status?: string; consumerId?: string }[]): Promise<string[]> {
    const entries = orders.map(({ id, status = 'VALIDATED', consumerId = 'ada' }, index) => ({
      entryId: String(index),
      event: createEvent({
        id: `${id}-notification`,
        source: '/order',
        type: 'com.standing-order.order-settled.v1',
        subject: id,
        time: 0,
        trace: undefined,
        data: {
          orderId: id,
          token: { w: 'w', a: 1, t: 1 },
          consumerId,
          status,
          reasons: [],
          settledAt: new Date(5).toISOString(),
        },
      }),
    }));
    const { body } = await send('POST', '/messages/order-settled', { type: 'com.dapr.event.sent.bulk', entries });
    return body.statuses.map(({ status }: { status: string }) => status);
  }
  const logged = async (endpoint: string) =>
    (await logs.events.read(eventLogKey(endpoint), { after: 0, limit: 100 })).entries.map(({ entry }) => entry.id);

  const breakBroker = () => {
    brokerAccepts = false;
  };
  return { send, decide, logged, logs, store, endpoints, states, published, woken, breakBroker };
}

const orderId = () => `${randomUUID().slice(0, 14)}7${randomUUID().slice(15)}`;

describe('registration', () => {
  test('returns the secret in its response only', async () => {
    const { send } = service();
    const made = await send('POST', '/webhooks', { url: ENDPOINT_URL, events: ['order.expired'], description: 'mine' });
    expect(made.status).toBe(201);
    expect(made.body.secret).toMatch(/^whsec_/);
    const { secret, ...shown } = made.body;
    expect(shown).toMatchObject({
      url: ENDPOINT_URL,
      events: ['order.expired'],
      status: 'enabled',
      description: 'mine',
    });
    expect(made.headers.get('location')).toBe(`/webhooks/${shown.id}`);
    const seen = await send('GET', `/webhooks/${shown.id}`);
    expect(seen).toMatchObject({ status: 200, body: shown });
    expect(seen.body).not.toHaveProperty('secret');
    expect((await send('GET', '/webhooks')).body).toEqual({ webhooks: [seen.body] });
    const etag = seen.headers.get('etag') ?? '';
    expect((await send('GET', `/webhooks/${shown.id}`, undefined, { 'if-none-match': etag })).status).toBe(304);
  });

  test.each([
    [{}, 'url'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: 'http://example.com/' }, 'url'],
    [{ url: 'https://127.1/' }, 'url'],
    [{ url: `https://example.com/${'x'.repeat(2_048)}` }, 'url'],
    [{ url: ENDPOINT_URL, events: [] }, 'events'],
    [{ url: ENDPOINT_URL, events: ['order.eaten'] }, 'events[0]'],
    [{ url: ENDPOINT_URL, consumerId: 'no such id ' }, 'consumerId'],
    [{ url: ENDPOINT_URL, secret: 'mine' }, 'secret'],
    ['{', 'body'],
  ])('rejects %j and names the field', async (body, field) => {
    const { send } = service();
    const { status, body: problem } = await send('POST', '/webhooks', body);
    expect([400, 422]).toContain(status);
    expect(problem.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    expect((await send('GET', '/webhooks')).body).toEqual({ webhooks: [] });
  });

  test('allows at most 100 endpoints', async () => {
    const { send } = service();
    for (let count = 0; count < 100; count++)
      expect((await send('POST', '/webhooks', { url: ENDPOINT_URL })).status).toBe(201);
    const { status, body } = await send('POST', '/webhooks', { url: ENDPOINT_URL });
    expect([status, body.detail]).toEqual([403, 'the maximum of 100 webhooks is reached; delete one first']);
  });

  test('responds with outcome-unknown when the state store does not confirm the write', async () => {
    const { send, store } = service();
    store.acceptsWrite = () => false;
    expect(await send('POST', '/webhooks', { url: ENDPOINT_URL })).toMatchObject({
      status: 503,
      body: { type: 'urn:standing-order:problem:outcome-unknown' },
    });
  });
});

describe('an endpoint', () => {
  test('gets a new secret, which only this response contains', async () => {
    const { send, endpoints } = service();
    const { id, secret } = (await send('POST', '/webhooks', { url: ENDPOINT_URL })).body;
    const { status, body } = await send('POST', `/webhooks/${id}/secret`);
    expect(status).toBe(200);
    expect(body).toEqual({
      secret: expect.stringMatching(/^whsec_/),
      previousUntil: new Date(86_401_000).toISOString(),
    });
    expect(await endpoints.list()).toMatchObject([{ secret: body.secret, previous: [{ secret, until: 86_401_000 }] }]);
  });

  test('is changed only at the version in If-Match, if the request has one', async () => {
    const { send } = service();
    const { body, headers } = await send('POST', '/webhooks', { url: ENDPOINT_URL });
    const seen = { 'if-match': headers.get('etag') ?? '' };
    expect((await send('POST', `/webhooks/${body.id}/secret`, undefined, seen)).status).toBe(200);
    expect((await send('DELETE', `/webhooks/${body.id}`, undefined, seen)).status).toBe(412);
    expect((await send('DELETE', `/webhooks/${body.id}`)).status).toBe(204);
    expect((await send('DELETE', `/webhooks/${body.id}`)).status).toBe(404);
    expect((await send('GET', '/webhooks')).body).toEqual({ webhooks: [] });
  });

  test.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/secret'],
    ['POST', '/enable'],
    ['GET', '/deliveries'],
    ['POST', `/deliveries/settled-${orderId()}/redeliver`],
    ['POST', '/redeliver'],
  ])('that does not exist is a 404: %s %s', async (method, path) => {
    const { send } = service();
    for (const id of [uuidv7(systemClock, systemRandom), 'nonsense']) {
      expect(await send(method, `/webhooks/${id}${path}`)).toMatchObject({ status: 404, body: { status: 404 } });
    }
  });
});

describe('a decided order', () => {
  test('is appended once to the log of each subscribed endpoint before settlement-noted is sent', async () => {
    const { send, decide, logged, published, woken } = service();
    const register = async (more: object) =>
      (await send('POST', '/webhooks', { url: ENDPOINT_URL, ...more })).body.id as string;
    const everything = await register({});
    const refusals = await register({ events: ['order.rejected'] });
    const bobs = await register({ consumerId: 'bob' });
    const [one, two, three] = [orderId(), orderId(), orderId()];
    const orders = [{ id: one }, { id: two, status: 'REJECTED' }, { id: three, consumerId: 'bob' }];
    expect(await decide(...orders)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(await decide(...orders)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(await logged(everything)).toEqual([one, two, three].map((id) => `settled-${id}`));
    expect(await logged(refusals)).toEqual([`settled-${two}`]);
    expect(await logged(bobs)).toEqual([`settled-${three}`]);
    expect(published.slice(0, 3)).toEqual([one, two, three].map((subject) => ({ topic: 'order-replies', subject })));
    expect(new Set(woken)).toEqual(new Set([everything, refusals, bobs]));
  });

  test('is confirmed with settlement-noted when no endpoint is subscribed to it', async () => {
    const { decide, published } = service();
    const id = orderId();
    expect(await decide({ id })).toEqual(['SUCCESS']);
    expect(published).toEqual([{ topic: 'order-replies', subject: id }]);
  });

  test('is redelivered when a log cannot be written or the broker rejects settlement-noted', async () => {
    const { send, decide, store, published, breakBroker } = service();
    await send('POST', '/webhooks', { url: ENDPOINT_URL });
    store.acceptsWrite = (key) => !key.startsWith('events:');
    expect(await decide({ id: orderId() })).toEqual(['RETRY']);
    expect(published).toEqual([]);
    store.acceptsWrite = () => true;
    breakBroker();
    expect(await decide({ id: orderId() })).toEqual(['RETRY']);
  });
});

describe('deliveries', () => {
  const failed = { position: 1, number: 1, ok: false, answered: 500, error: 'response status 500', random: 0.5 };

  /** An endpoint with a failed delivery and an open one. */
  async function withFailure() {
    const all = service();
    const { id } = (await all.send('POST', '/webhooks', { url: ENDPOINT_URL })).body;
    const [lost, open] = [orderId(), orderId()];
    await all.decide({ id: lost }, { id: open });
    const events = [lost, open].map((order, index) => ({ position: index + 1, eventId: `settled-${order}` }));
    await all.states.update(id, [
      { kind: 'eventsRead', events, at: 0 },
      { kind: 'attempted', attempt: { ...failed, at: 500 } },
      { kind: 'attempted', attempt: { ...failed, number: 2, at: 500 + GIVE_UP_AFTER_MS } },
      { kind: 'attempted', attempt: { ...failed, position: 2, at: 600 } },
    ]);
    const past = { position: 1, eventId: `settled-${lost}`, status: 'failed', attempts: 2, at: 500 } as const;
    await all.logs.history.append([
      { name: historyKey(id), entries: [{ id: '1-500', ...past, error: 'response status 500' }] },
    ]);
    return { ...all, id, lost: `settled-${lost}`, open: `settled-${open}` };
  }

  test('are listed, open and finished', async () => {
    const { send, id, lost, open } = await withFailure();
    expect((await send('GET', `/webhooks/${id}/deliveries`)).body).toEqual({
      open: [
        {
          eventId: open,
          status: 'open',
          attempts: 1,
          at: new Date(600).toISOString(),
          nextAt: new Date(5_600).toISOString(),
          answered: 500,
          error: 'response status 500',
        },
      ],
      finished: [
        { eventId: lost, status: 'failed', attempts: 2, at: new Date(500).toISOString(), error: 'response status 500' },
      ],
    });
  });

  test('a failed or open delivery can be redelivered at once', async () => {
    const { send, id, lost, open, states } = await withFailure();
    for (const event of [lost, open]) {
      expect((await send('POST', `/webhooks/${id}/deliveries/${event}/redeliver`)).status).toBe(202);
    }
    const { state } = await states.read(id);
    expect(state.open).toEqual([
      { position: 1, eventId: lost, attempts: 0, dueAt: 1_000, asked: 1_000 },
      { position: 2, eventId: open, attempts: 0, dueAt: 1_000, asked: 1_000 },
    ]);
    expect((await send('POST', `/webhooks/${id}/deliveries/settled-${orderId()}/redeliver`)).status).toBe(404);
    expect((await send('POST', `/webhooks/${id}/deliveries/nonsense/redeliver`)).status).toBe(404);
  });

  test('all that failed since a time can be redelivered', async () => {
    const { send, id, states } = await withFailure();
    const since = (ms: number) =>
      send('POST', `/webhooks/${id}/redeliver`, { failedSince: new Date(ms).toISOString() });
    expect(await since(501)).toMatchObject({ status: 202, body: { redelivered: 0, left: 0 } });
    expect(await since(500)).toMatchObject({ status: 202, body: { redelivered: 1, left: 0 } });
    expect(await since(500)).toMatchObject({ status: 202, body: { redelivered: 0, left: 0 } });
    expect((await states.read(id)).state.open).toHaveLength(2);
    expect((await send('POST', `/webhooks/${id}/redeliver`, { failedSince: 'yesterday' })).body.errors).toMatchObject([
      { field: 'failedSince' },
    ]);
  });

  test('are due at once when the endpoint is enabled', async () => {
    const { send, id, lost, endpoints, states } = await withFailure();
    await endpoints.change<never>(id, (endpoint) => ({ ...endpoint, disabled: { at: 700, reason: 'failing' } }));
    expect((await send('GET', `/webhooks/${id}`)).body).toMatchObject({
      status: 'disabled',
      disabled: { at: new Date(700).toISOString(), reason: 'failing' },
    });
    for (const path of [`deliveries/${lost}/redeliver`, 'redeliver']) {
      const { body } = await send('POST', `/webhooks/${id}/${path}`, { failedSince: new Date(700).toISOString() });
      expect(body.status).toBe('disabled');
    }
    expect(await send('POST', `/webhooks/${id}/enable`)).toMatchObject({ status: 200, body: { status: 'enabled' } });
    const { state } = await states.read(id);
    expect(state.open).toMatchObject([
      { position: 1, dueAt: 1_000 },
      { position: 2, dueAt: 1_020 },
    ]);
    expect(state).not.toHaveProperty('failingSince');
  });
});
