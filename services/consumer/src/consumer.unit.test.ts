import { type Consumer, INVOKER, type MessageType, problem } from '@standing-order/contracts';
import type { Publication } from '@standing-order/dapr';
import { type Entities, entityServiceApp } from '@standing-order/entity-store/entities';
import { consumerIds } from '@standing-order/testing/consumer-ids';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consumerService } from './consumer.ts';

const INVOKED = { 'dapr-caller-app-id': INVOKER };
const ada = { id: 'ada', name: 'Ada', active: true, orderLimit: { amount: 5000, currency: 'EUR' } };

/** The service's application over a map with versions, and a broker that accepts the messages that `accepts` returns true for. */
function service({ accepts = (_: Publication): boolean => true } = {}) {
  const stored = new Map<string, { entity: Consumer; etag: string }>();
  const reads: string[][] = [];
  const replies: Publication[] = [];
  const consumers: Entities<Consumer> = {
    async create(entity) {
      if (stored.has(entity.id)) return { outcome: 'exists' };
      stored.set(entity.id, { entity, etag: '1' });
      return { outcome: 'created', entity, etag: '1' };
    },
    get: async (id) => stored.get(id),
    async getAll(ids) {
      reads.push([...ids]);
      return new Map([...stored].map(([id, { entity }]) => [id, entity]));
    },
    async change(id, matches, patch) {
      const found = stored.get(id);
      if (!found) return { outcome: 'missing' };
      if (!matches(found.etag)) return { outcome: 'stale' };
      const changed = { entity: { ...found.entity, ...patch } as Consumer, etag: String(Number(found.etag) + 1) };
      stored.set(id, changed);
      return { outcome: 'changed', ...changed };
    },
    changesSince: async () => ({ lanes: [], complete: true, reset: false }),
  };
  const app = entityServiceApp(consumerService, {
    entities: consumers,
    sidecar: {
      publish: async (_pubsub, _topic, messages) => {
        replies.push(...messages);
        return messages.map(accepts);
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 0 },
    newId: () => 'made-up',
    readiness: () => ({ ready: true, reasons: [] }),
    authenticate: undefined,
  });
  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.request(path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { app, stored, send, replies, reads };
}

describe('consumers', () => {
  it('are created with the given id or a new one, and are active by default', async () => {
    const { send } = service();
    const { id, active: _, ...rest } = ada;
    const own = await send('POST', '/consumers', { id, ...rest });
    expect([own.status, own.headers.get('location'), own.headers.get('etag')]).toEqual([201, '/consumers/ada', '"1"']);
    expect(await own.json()).toEqual(ada);
    expect(await (await send('POST', '/consumers', rest)).json()).toEqual({ ...ada, id: 'made-up' });
  });

  it('with the id of any subject are created at a location that finds them', async () => {
    const { send, app } = service();
    const created = async (id: string) => {
      const response = await send('POST', '/consumers', { ...ada, id });
      const location = response.headers.get('location') ?? '';
      expect([201, 409]).toContain(response.status);
      // As a client would resolve it: a URL without ambiguous characters, which no client or proxy normalises.
      expect(new URL(location, 'http://localhost').pathname).toBe(location);
      expect(await (await app.request(location)).json()).toEqual({ ...ada, id });
    };
    await fc.assert(fc.asyncProperty(consumerIds, created), { numRuns: 500 });
  });

  it('are created once', async () => {
    const { send, stored } = service();
    await send('POST', '/consumers', ada);
    const again = await send('POST', '/consumers', { ...ada, name: 'Bob' });
    expect([again.status, again.headers.get('location')]).toEqual([409, '/consumers/ada']);
    expect(stored.get('ada')?.entity.name).toBe('Ada');
  });

  it('are changed only with the newest ETag', async () => {
    const { send, app } = service();
    await send('POST', '/consumers', ada);
    const change = (etag?: string) =>
      send('PATCH', '/consumers/ada', { active: false }, etag === undefined ? {} : { 'if-match': etag });
    expect((await change()).status).toBe(428);
    expect((await change('"9"')).status).toBe(412);
    const changed = await change('"1"');
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(await changed.json()).toEqual({ ...ada, active: false });
    expect((await change('"1"')).status).toBe(412);
    expect(await (await app.request('/consumers/ada')).json()).toEqual({ ...ada, active: false });
  });

  it('that do not exist are not found', async () => {
    const { send, app } = service();
    expect((await app.request('/consumers/bob')).status).toBe(404);
    expect((await send('PATCH', '/consumers/bob', {}, { 'if-match': '"1"' })).status).toBe(404);
    expect((await app.request('/consumers/a%7C%7Cb')).status).toBe(404);
  });

  it.each<[string, unknown, number, string[]]>([
    ['malformed JSON', '{', 400, ['body']],
    [
      'every field wrong',
      { id: 'a ', name: '', active: 'yes', orderLimit: { amount: -1, currency: 'euro' } },
      422,
      ['name', 'active', 'orderLimit.amount', 'orderLimit.currency', 'id'],
    ],
    ['half a cent', { ...ada, orderLimit: { amount: 0.5, currency: 'EUR' } }, 422, ['orderLimit.amount']],
    ['an unknown field', { ...ada, vip: true }, 422, ['vip']],
    ['nothing', {}, 422, ['name', 'orderLimit']],
  ])('are not created from %s', async (_, body, status, fields) => {
    const { send, stored } = service();
    const response = await send('POST', '/consumers', body);
    expect(response.status).toBe(status);
    const { errors = [] } = problem.parse(await response.json());
    expect(errors.map(({ field }) => field).toSorted()).toEqual(fields.toSorted());
    expect(stored.size).toBe(0);
  });

  it.each([
    ['an id', { id: 'bob' }, 'id'],
    ['an unknown field', { vip: true }, 'vip'],
    ['a wrong type', { active: 1 }, 'active'],
    ['null', { name: null }, 'name'],
  ])('are not changed by %s', async (_, patch, field) => {
    const { send, stored } = service();
    await send('POST', '/consumers', ada);
    const response = await send('PATCH', '/consumers/ada', patch, { 'if-match': '"1"' });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
    expect(stored.get('ada')?.entity).toEqual(ada);
  });
});

describe('validations', () => {
  it('are answered with the verdict that a command gets', async () => {
    const { send } = service();
    await send('POST', '/consumers', ada);
    const known = await send('POST', '/validations', { consumerId: 'ada' }, INVOKED);
    expect([known.status, await known.json()]).toEqual([
      200,
      { type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: ada.orderLimit } },
    ]);
    const unknown = await send('POST', '/validations', { consumerId: 'bob' }, INVOKED);
    expect([unknown.status, await unknown.json()]).toMatchObject([
      200,
      { type: 'com.standing-order.consumer-refused.v1', data: { reasons: [{ code: 'CONSUMER_NOT_FOUND' }] } },
    ]);
    const garbage = await send('POST', '/validations', { consumerId: '..' }, INVOKED);
    expect([garbage.status, await garbage.json()]).toMatchObject([422, { errors: [{ field: 'consumerId' }] }]);
  });
});

describe('commands', () => {
  const type: MessageType = 'com.standing-order.validate-consumer-info.v1';
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const command = (index: number, consumerId: string) => {
    const orderId = `01890a5d-ac96-774b-bcce-00000000000${index}`;
    return {
      entryId: `entry-${index}`,
      contentType: 'application/cloudevents+json',
      event: {
        specversion: '1.0',
        id: `command-${index}`,
        source: '/order',
        type,
        subject: orderId,
        time: '2026-01-01T00:00:00Z',
        datacontenttype: 'application/json',
        traceparent: `00-${traceId}-b7ad6b7169203331-00`,
        data: { orderId, token: { w: 'writer', a: index, t: 1.5 }, consumerId },
      },
    };
  };
  const deliver = (send: ReturnType<typeof service>['send'], ...entries: object[]) =>
    send('POST', '/messages/consumer-commands', {
      type: 'com.dapr.event.sent.bulk',
      pubsubname: 'messages',
      topic: 'consumer-commands',
      entries,
    });

  it('each get a reply with their token and in their trace, from one read of each consumer', async () => {
    const { send, reads, replies } = service();
    await send('POST', '/consumers', ada);
    const response = await deliver(send, command(1, 'ada'), command(2, 'bob'), command(3, 'ada'));
    expect(await response.json()).toEqual({
      statuses: [1, 2, 3].map((index) => ({ entryId: `entry-${index}`, status: 'SUCCESS' })),
    });
    expect(reads).toEqual([['ada', 'bob', 'ada']]);
    expect(replies.map(({ event }) => event)).toMatchObject([
      { type: 'com.standing-order.consumer-validated.v1', data: { token: { w: 'writer', a: 1, t: 1.5 } } },
      { type: 'com.standing-order.consumer-refused.v1', data: { token: { w: 'writer', a: 2, t: 1.5 } } },
      { type: 'com.standing-order.consumer-validated.v1', data: { token: { w: 'writer', a: 3, t: 1.5 } } },
    ]);
    for (const { event } of replies) expect(event.traceparent).toContain(traceId);
  });

  it('are delivered again only when the broker did not accept their reply', async () => {
    const { send } = service({ accepts: ({ event }) => event.subject.endsWith('1') });
    const response = await deliver(send, command(1, 'ada'), command(2, 'ada'));
    expect(await response.json()).toEqual({
      statuses: [
        { entryId: 'entry-1', status: 'SUCCESS' },
        { entryId: 'entry-2', status: 'RETRY' },
      ],
    });
  });
});
