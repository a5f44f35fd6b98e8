import { randomUUID } from 'node:crypto';
import { createEvent } from '@standing-order/dapr';
import { systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, test } from 'vitest';
import { notificationApp } from './app.ts';
import { createRecord } from './delivery/storage/delivery-log.ts';
import { createCursors } from './delivery/storage/delivery-state-store.ts';
import { createLogs, eventsOf, historyOf } from './delivery/storage/logs.ts';
import { GIVE_UP_AFTER_MS } from './domain/retry-schedule.ts';
import { addressRule, rangesOf } from './endpoints/address-policy.ts';
import { createHooks } from './endpoints/endpoint-store.ts';
import { createVault } from './endpoints/secret-cipher.ts';

const URL = 'https://example.com/hook';

/** The service over a store in memory, without anybody who delivers. */
function service() {
  const store = createMemoryStore();
  const newId = () => uuidv7(systemClock, systemRandom);
  const hooks = createHooks({ store, vault: createVault([]), nonce: newId });
  const logs = createLogs(store);
  const cursors = createCursors(store);
  const published: { topic: string; subject: string }[] = [];
  const woken: string[] = [];
  let broker = true;
  const reachable = addressRule(rangesOf([]) as NonNullable<ReturnType<typeof rangesOf>>);
  const app = notificationApp({
    hooks,
    logs,
    record: createRecord({ cursors, logs, now: () => 1_000 }),
    deliverer: { wake: (ids) => woken.push(...ids), refresh: () => {} },
    policy: { allowHttp: false, reachable },
    sidecar: {
      async publish(_pubsub, topic, messages) {
        published.push(...messages.map(({ event }) => ({ topic, subject: event.subject })));
        return messages.map(() => broker);
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 1_000 },
    newId,
    readiness: () => ({ ready: true, reasons: [] }),
    authenticate: undefined,
  });

  async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await app.request(path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects of the body
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as any };
  }

  async function settle(...orders: { id: string; status?: string; consumerId?: string }[]): Promise<string[]> {
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
    const { body } = await ask('POST', '/messages/order-settled', { type: 'com.dapr.event.sent.bulk', entries });
    return body.statuses.map(({ status }: { status: string }) => status);
  }
  const logged = async (hook: string) =>
    (await logs.events.read(eventsOf(hook), { after: 0, limit: 100 })).entries.map(({ entry }) => entry.id);

  return { ask, settle, logged, logs, store, hooks, cursors, published, woken, breakBroker: () => (broker = false) };
}

const orderId = () => `${randomUUID().slice(0, 14)}7${randomUUID().slice(15)}`;

describe('registering', () => {
  test('shows the secret once, and never again', async () => {
    const { ask } = service();
    const made = await ask('POST', '/webhooks', { url: URL, events: ['order.expired'], description: 'mine' });
    expect(made.status).toBe(201);
    expect(made.body.secret).toMatch(/^whsec_/);
    const { secret, ...shown } = made.body;
    expect(shown).toMatchObject({ url: URL, events: ['order.expired'], status: 'enabled', description: 'mine' });
    expect(made.headers.get('location')).toBe(`/webhooks/${shown.id}`);
    const seen = await ask('GET', `/webhooks/${shown.id}`);
    expect(seen).toMatchObject({ status: 200, body: shown });
    expect(seen.body).not.toHaveProperty('secret');
    expect((await ask('GET', '/webhooks')).body).toEqual({ webhooks: [seen.body] });
    const etag = seen.headers.get('etag') ?? '';
    expect((await ask('GET', `/webhooks/${shown.id}`, undefined, { 'if-none-match': etag })).status).toBe(304);
  });

  test.each([
    [{}, 'url'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: 'http://example.com/' }, 'url'],
    [{ url: 'https://127.1/' }, 'url'],
    [{ url: `https://example.com/${'x'.repeat(2_048)}` }, 'url'],
    [{ url: URL, events: [] }, 'events'],
    [{ url: URL, events: ['order.eaten'] }, 'events[0]'],
    [{ url: URL, consumerId: 'no such id!' }, 'consumerId'],
    [{ url: URL, secret: 'mine' }, 'secret'],
    ['{', 'body'],
  ])('%j is refused, and its field named', async (body, field) => {
    const { ask } = service();
    const { status, body: problem } = await ask('POST', '/webhooks', body);
    expect([400, 422]).toContain(status);
    expect(problem.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    expect((await ask('GET', '/webhooks')).body).toEqual({ webhooks: [] });
  });

  test('there are at most 100', async () => {
    const { ask } = service();
    for (let count = 0; count < 100; count++) expect((await ask('POST', '/webhooks', { url: URL })).status).toBe(201);
    const { status, body } = await ask('POST', '/webhooks', { url: URL });
    expect([status, body.detail]).toEqual([403, 'there are 100 webhooks already; delete one first']);
  });

  test('a store that does not say whether it stored it is told as that', async () => {
    const { ask, store } = service();
    store.takes = () => false;
    expect(await ask('POST', '/webhooks', { url: URL })).toMatchObject({
      status: 503,
      body: { type: 'urn:standing-order:problem:outcome-unknown' },
    });
  });
});

describe('a webhook', () => {
  test('gets another secret, which is shown once', async () => {
    const { ask, hooks } = service();
    const { id, secret } = (await ask('POST', '/webhooks', { url: URL })).body;
    const { status, body } = await ask('POST', `/webhooks/${id}/secret`);
    expect(status).toBe(200);
    expect(body).toEqual({
      secret: expect.stringMatching(/^whsec_/),
      previousUntil: new Date(86_401_000).toISOString(),
    });
    expect(await hooks.all()).toMatchObject([{ secret: body.secret, previous: [{ secret, until: 86_401_000 }] }]);
  });

  test('is changed only as the version that the client has seen, if it names one', async () => {
    const { ask } = service();
    const { body, headers } = await ask('POST', '/webhooks', { url: URL });
    const seen = { 'if-match': headers.get('etag') ?? '' };
    expect((await ask('POST', `/webhooks/${body.id}/secret`, undefined, seen)).status).toBe(200);
    expect((await ask('DELETE', `/webhooks/${body.id}`, undefined, seen)).status).toBe(412);
    expect((await ask('DELETE', `/webhooks/${body.id}`)).status).toBe(204);
    expect((await ask('DELETE', `/webhooks/${body.id}`)).status).toBe(404);
    expect((await ask('GET', '/webhooks')).body).toEqual({ webhooks: [] });
  });

  test.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/secret'],
    ['POST', '/enable'],
    ['GET', '/deliveries'],
    ['POST', `/deliveries/settled-${orderId()}/redeliver`],
    ['POST', '/redeliver'],
  ])('that is not there is a 404: %s %s', async (method, path) => {
    const { ask } = service();
    for (const id of [uuidv7(systemClock, systemRandom), 'nonsense']) {
      expect(await ask(method, `/webhooks/${id}${path}`)).toMatchObject({ status: 404, body: { status: 404 } });
    }
  });
});

describe('a settled order', () => {
  test('is in the log of each webhook that wants it, once, before it is noted', async () => {
    const { ask, settle, logged, published, woken } = service();
    const register = async (more: object) => (await ask('POST', '/webhooks', { url: URL, ...more })).body.id as string;
    const everything = await register({});
    const refusals = await register({ events: ['order.rejected'] });
    const bobs = await register({ consumerId: 'bob' });
    const [one, two, three] = [orderId(), orderId(), orderId()];
    const orders = [{ id: one }, { id: two, status: 'REJECTED' }, { id: three, consumerId: 'bob' }];
    expect(await settle(...orders)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(await settle(...orders)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(await logged(everything)).toEqual([one, two, three].map((id) => `settled-${id}`));
    expect(await logged(refusals)).toEqual([`settled-${two}`]);
    expect(await logged(bobs)).toEqual([`settled-${three}`]);
    expect(published.slice(0, 3)).toEqual([one, two, three].map((subject) => ({ topic: 'order-replies', subject })));
    expect(new Set(woken)).toEqual(new Set([everything, refusals, bobs]));
  });

  test('is noted where nobody wants it, too', async () => {
    const { settle, published } = service();
    const id = orderId();
    expect(await settle({ id })).toEqual(['SUCCESS']);
    expect(published).toEqual([{ topic: 'order-replies', subject: id }]);
  });

  test('is not noted, and comes again, when a log cannot be written or the broker does not take the note', async () => {
    const { ask, settle, store, published, breakBroker } = service();
    await ask('POST', '/webhooks', { url: URL });
    store.takes = (key) => !key.startsWith('events:');
    expect(await settle({ id: orderId() })).toEqual(['RETRY']);
    expect(published).toEqual([]);
    store.takes = () => true;
    breakBroker();
    expect(await settle({ id: orderId() })).toEqual(['RETRY']);
  });
});

describe('deliveries', () => {
  const failed = { position: 1, number: 1, ok: false, answered: 500, error: 'answered 500', random: 0.5 };

  /** A webhook with an event that was given up and one that is open. */
  async function withFailure() {
    const all = service();
    const { id } = (await all.ask('POST', '/webhooks', { url: URL })).body;
    const [lost, open] = [orderId(), orderId()];
    await all.settle({ id: lost }, { id: open });
    const events = [lost, open].map((order, index) => ({ position: index + 1, eventId: `settled-${order}` }));
    await all.cursors.apply(id, () => [
      { kind: 'taken', events, at: 0 },
      { kind: 'attempted', attempt: { ...failed, at: 500 } },
      { kind: 'attempted', attempt: { ...failed, number: 2, at: 500 + GIVE_UP_AFTER_MS } },
      { kind: 'attempted', attempt: { ...failed, position: 2, at: 600 } },
    ]);
    const past = { position: 1, eventId: `settled-${lost}`, status: 'failed', attempts: 2, at: 500 } as const;
    await all.logs.history.append([
      { name: historyOf(id), entries: [{ id: '1-500', ...past, error: 'answered 500' }] },
    ]);
    return { ...all, id, lost: `settled-${lost}`, open: `settled-${open}` };
  }

  test('can be read: what is open and what is finished', async () => {
    const { ask, id, lost, open } = await withFailure();
    expect((await ask('GET', `/webhooks/${id}/deliveries`)).body).toEqual({
      open: [
        {
          eventId: open,
          status: 'open',
          attempts: 1,
          at: new Date(600).toISOString(),
          nextAt: new Date(5_600).toISOString(),
          answered: 500,
          error: 'answered 500',
        },
      ],
      finished: [
        { eventId: lost, status: 'failed', attempts: 2, at: new Date(500).toISOString(), error: 'answered 500' },
      ],
    });
  });

  test('one that failed, or is open, is sent again at once', async () => {
    const { ask, id, lost, open, cursors } = await withFailure();
    for (const event of [lost, open]) {
      expect((await ask('POST', `/webhooks/${id}/deliveries/${event}/redeliver`)).status).toBe(202);
    }
    const { cursor } = await cursors.read(id);
    expect(cursor.open).toEqual([
      { position: 1, eventId: lost, attempts: 0, dueAt: 1_000, asked: 1_000 },
      { position: 2, eventId: open, attempts: 0, dueAt: 1_000, asked: 1_000 },
    ]);
    expect((await ask('POST', `/webhooks/${id}/deliveries/settled-${orderId()}/redeliver`)).status).toBe(404);
    expect((await ask('POST', `/webhooks/${id}/deliveries/nonsense/redeliver`)).status).toBe(404);
  });

  test('all that failed since a time are sent again', async () => {
    const { ask, id, cursors } = await withFailure();
    const since = (ms: number) => ask('POST', `/webhooks/${id}/redeliver`, { failedSince: new Date(ms).toISOString() });
    expect(await since(501)).toMatchObject({ status: 202, body: { redelivered: 0, left: 0 } });
    expect(await since(500)).toMatchObject({ status: 202, body: { redelivered: 1, left: 0 } });
    expect(await since(500)).toMatchObject({ status: 202, body: { redelivered: 0, left: 0 } });
    expect((await cursors.read(id)).cursor.open).toHaveLength(2);
    expect((await ask('POST', `/webhooks/${id}/redeliver`, { failedSince: 'yesterday' })).body.errors).toMatchObject([
      { field: 'failedSince' },
    ]);
  });

  test('need not wait any longer when the webhook is enabled', async () => {
    const { ask, id, lost, hooks, cursors } = await withFailure();
    await hooks.change<never>(id, (hook) => ({ ...hook, disabled: { at: 700, reason: 'failing' } }));
    expect((await ask('GET', `/webhooks/${id}`)).body).toMatchObject({
      status: 'disabled',
      disabled: { at: new Date(700).toISOString(), reason: 'failing' },
    });
    for (const path of [`deliveries/${lost}/redeliver`, 'redeliver']) {
      const { body } = await ask('POST', `/webhooks/${id}/${path}`, { failedSince: new Date(700).toISOString() });
      expect(body.status).toBe('disabled');
    }
    expect(await ask('POST', `/webhooks/${id}/enable`)).toMatchObject({ status: 200, body: { status: 'enabled' } });
    const { cursor } = await cursors.read(id);
    expect(cursor.open).toMatchObject([
      { position: 1, dueAt: 1_000 },
      { position: 2, dueAt: 1_020 },
    ]);
    expect(cursor).not.toHaveProperty('failingSince');
  });
});
