import { BATCH_ENTRY_TYPES, INVOKER, messageData } from '@standing-order/contracts';
import { poll } from '@standing-order/testing/poll';
import { beforeAll, describe, expect, test } from 'vitest';
import { call, get, type HttpResponse, post } from '../support/client.ts';
import { createAjv } from '../support/json-schema.ts';
import { messageDifferences } from '../support/message-differences.ts';
import { CONSUMER, GOOD_ORDER, type PlatformFixture, RESTAURANT, usePlatform } from '../support/platform-fixture.ts';
import { shopSubscription, useShop } from '../support/shop.ts';

const fixture = usePlatform(() => ({
  replicas: { order: 1, notification: 1 },
  resources: (resources) => [...resources, shopSubscription],
}));
const shop = useShop(fixture);

type Service = keyof PlatformFixture['platform']['urls'];
const services: readonly Service[] = ['order', 'consumer', 'restaurant', 'notification'];
const urlOf = (service: Service) => fixture().platform.urls[service][0] ?? '';

interface Response {
  readonly headers?: object;
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Record<string, Response> }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly headers: object };
}
const documents = {} as Record<Service, OpenApi>;
beforeAll(async () => {
  for (const service of services) documents[service] = (await get(`${urlOf(service)}/openapi.json`)).body;
});

/** The differences between a response and the document that the service itself serves. */
function differences(
  service: Service,
  method: string,
  path: string,
  { status, headers, body }: HttpResponse,
): string[] {
  const { paths, components } = documents[service];
  const response = paths[path]?.[method.toLowerCase()]?.responses[status];
  if (!response) return [`${status} is not described`];
  const described = Object.keys(response.headers ?? {}).map((name) => name.toLowerCase());
  const surplus = Object.keys(components.headers)
    .map((name) => name.toLowerCase())
    .filter((name) => name in headers && !described.includes(name));
  return [...surplus.map((name) => `${status}: the header ${name} is not described`), ...bodyDifferences()];

  function bodyDifferences(): string[] {
    if (body === undefined) return response?.content ? [`${status}: has no body`] : [];
    const type = String(headers['content-type']).split(';')[0] ?? '';
    const reference = response?.content?.[type]?.schema.$ref;
    if (reference === undefined) return [`${status}: ${type} is not described`];
    const validator = createAjv();
    validator.validate(components.schemas[reference.slice(reference.lastIndexOf('/') + 1)] as object, body);
    return (validator.errors ?? []).map((error) => `${status}: ${error.instancePath} ${error.message}`);
  }
}

interface Sent {
  readonly service: Service;
  readonly method: string;
  /** The path template of the document. */
  readonly path: string;
  readonly id?: string;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send({ service, method, path, id = '', query = '', body, headers }: Sent): Promise<HttpResponse> {
  const answer = await call(method, `${urlOf(service)}${path.replace(/\{\w+\}/, id)}${query}`, body, headers);
  expect(differences(service, method, path, answer)).toEqual([]);
  return answer;
}

const place = (body: unknown, headers?: Readonly<Record<string, string>>) =>
  send({ service: 'order', method: 'POST', path: '/orders', body, ...(headers && { headers }) });
const order = (id: string, headers?: Readonly<Record<string, string>>) =>
  send({ service: 'order', method: 'GET', path: '/orders/{id}', id, ...(headers && { headers }) });
const UNKNOWN = '019ab000-0000-7000-8000-000000000000';

test('the comparison detects a response that is not in the document', async () => {
  const answer = await place(GOOD_ORDER);
  const against = (other: object) => differences('order', 'POST', '/orders', { ...answer, ...other });
  expect(against({ status: 299 })).toEqual(['299 is not described']);
  expect(against({ headers: { ...answer.headers, etag: '"1"' } })).toEqual(['202: the header etag is not described']);
  expect(against({ body: { ...answer.body, status: 'LOST' } })).toEqual([expect.stringContaining('/status')]);
  expect(against({ headers: { 'content-type': 'text/html' } })).toEqual(['202: text/html is not described']);
});

describe('every response matches the document', () => {
  test('for placing and reading an order', async () => {
    expect((await place(GOOD_ORDER)).status).toBe(202);
    const placed = await place(GOOD_ORDER, { prefer: 'wait=20', 'idempotency-key': 'k1' });
    expect(placed.status).toBe(201);
    const read = await order(placed.body.id);
    expect(read.status).toBe(200);
    expect((await order(placed.body.id, { 'if-none-match': String(read.headers.etag) })).status).toBe(304);
    expect((await order(UNKNOWN)).status).toBe(404);
    expect((await place({ ...GOOD_ORDER, consumerId: 'nobody' }, { prefer: 'wait=20' })).status).toBe(200);
  });

  test.each<[string, unknown, Record<string, string>, number]>([
    ['that is malformed', '{', {}, 400],
    ['that is too large', { note: 'x'.repeat(300_000) }, {}, 413],
    ['that is no JSON', GOOD_ORDER, { 'content-type': 'text/plain' }, 415],
    ['that is not valid', {}, {}, 422],
    ['in a style that it may not pick', GOOD_ORDER, { 'order-style': 'synchronous' }, 403],
    ['with the key of another order', { ...GOOD_ORDER, consumerId: 'bob' }, { 'idempotency-key': 'k1' }, 422],
  ])('of an order %s', async (_, body, headers, status) => {
    expect((await place(body, headers)).status).toBe(status);
  });

  test('for health, metrics and parked orders', async () => {
    const { body } = await place(GOOD_ORDER, { prefer: 'wait=20' });
    for (const path of ['/stuck-orders', '/waiting-orders', '/replicas'])
      await send({ service: 'order', method: 'GET', path });
    const retry = (id: string) => send({ service: 'order', method: 'POST', path: '/orders/{id}/retry', id });
    // A decided order is complete, and answered 200, once its list and the notification service have confirmed it.
    await poll(
      'the retry of a complete order',
      () => retry(body.id),
      ({ status }) => status === 200,
      10_000,
    );
    expect((await retry(UNKNOWN)).status).toBe(404);
    for (const service of services) {
      for (const path of ['/healthz', '/readyz', '/openapi.json', '/asyncapi.json'])
        expect((await send({ service, method: 'GET', path })).status).toBe(200);
    }
  });

  test.each<[Service, string, string, object, object]>([
    ['consumer', '/consumers', CONSUMER, { name: 'Bob', orderLimit: { amount: 1, currency: 'EUR' } }, { active: true }],
    ['restaurant', '/restaurants', RESTAURANT, { name: 'Pop-up', currency: 'EUR', menu: [] }, { open: true }],
  ])('of the %s service', async (service, path, id, request, patch) => {
    const one = `${path}/{id}`;
    expect((await send({ service, method: 'POST', path, body: request })).status).toBe(201);
    expect((await send({ service, method: 'POST', path, body: { ...request, id } })).status).toBe(409);
    expect((await send({ service, method: 'POST', path, body: {} })).status).toBe(422);
    expect((await send({ service, method: 'GET', path: one, id: 'nobody' })).status).toBe(404);
    const { headers } = await send({ service, method: 'GET', path: one, id });
    const change = (more: Record<string, string>) =>
      send({ service, method: 'PATCH', path: one, id, body: patch, headers: more });
    expect((await change({ 'if-match': String(headers.etag) })).status).toBe(200);
    expect((await change({ 'if-match': String(headers.etag) })).status).toBe(412);
    expect((await change({})).status).toBe(428);
  });

  test('for a consumer’s orders', async () => {
    const list = (query = '') =>
      send({ service: 'order', method: 'GET', path: '/consumers/{id}/orders', id: CONSUMER, query });
    await poll('two orders are listed', list, ({ body }) => body.orders.length > 1);
    const page = await list('?limit=1');
    expect([page.status, page.headers.link]).toEqual([200, `<${page.body.next}>; rel="next"`]);
    expect((await list('?limit=0')).status).toBe(400);
    const bad = { 'last-event-id': 'nonsense' };
    for (const path of ['/orders/{id}/events', '/consumers/{id}/orders/events']) {
      const id = path.startsWith('/orders') ? page.body.orders[0].id : CONSUMER;
      expect((await send({ service: 'order', method: 'GET', path, id, headers: bad })).status).toBe(400);
    }
  });

  test('for webhooks', async () => {
    const service = 'notification';
    const hooks = (method: string, path = '', id?: string, body?: unknown) =>
      send({ service, method, path: `/webhooks${path}`, ...(id && { id }), ...(body !== undefined && { body }) });
    const { status, body } = await hooks('POST', '', undefined, { url: 'https://shop.example/hook' });
    expect(status).toBe(201);
    expect((await hooks('POST', '', undefined, { url: 'no URL' })).status).toBe(422);
    expect((await hooks('GET')).status).toBe(200);
    const calls: [string, string, unknown, number][] = [
      ['GET', '', undefined, 200],
      ['GET', '/deliveries', undefined, 200],
      ['POST', '/secret', undefined, 200],
      ['POST', '/enable', undefined, 200],
      ['POST', '/redeliver', { failedSince: '2026-01-01T00:00:00Z' }, 202],
      ['DELETE', '', undefined, 204],
      ['GET', '', undefined, 404],
    ];
    for (const [method, path, content, wanted] of calls)
      expect([path, (await hooks(method, `/{id}${path}`, body.id, content)).status]).toEqual([path, wanted]);
  });

  test('for the operations that only sidecars call', async () => {
    const token = { 'dapr-api-token': fixture().platform.secrets.appApiToken };
    const headers = { ...token, 'dapr-caller-app-id': INVOKER };
    const since = Array.from({ length: 16 }, () => ({ seq: 0 }));
    for (const service of ['consumer', 'restaurant'] as const) {
      const ask = (path: string, body: object, more?: Record<string, string>) =>
        send({ service, method: 'POST', path, body, ...(more && { headers: more }) });
      expect((await ask('/validations', GOOD_ORDER)).status).toBe(401);
      expect((await ask('/changes', { since })).status).toBe(401);
      expect((await ask('/changes', { since }, token)).status).toBe(403);
      expect((await ask('/changes', { since }, headers)).status).toBe(200);
      const { consumerId, restaurantId, lines } = GOOD_ORDER;
      const question = service === 'consumer' ? { consumerId } : { restaurantId, lines };
      expect((await ask('/validations', question, headers)).status).toBe(200);
    }
  });
});

/** The client that sends the invalid requests. */
const TEST_SOURCE = '/test';

async function messagesOn(topic: string) {
  const entries = (await fixture().broker.xRange(topic, '-', '+')) ?? [];
  return entries.map(({ message }) => JSON.parse(String(message.data)));
}

/** The types of all messages on the broker, and each difference from the documents of their senders and receivers. */
async function differencesOnBroker() {
  const asyncApis = await Promise.all(
    services.map(async (service) => (await get(`${urlOf(service)}/asyncapi.json`)).body),
  );
  const messagesOf = async (topic: string) =>
    (await messagesOn(topic.replace('{client}', 'shop'))).filter(({ source }) => source !== TEST_SOURCE);
  return messageDifferences(asyncApis, messagesOf);
}

/** Publishes a request for an order. */
async function request(id: string, data: object): Promise<void> {
  const event = {
    specversion: '1.0',
    id,
    source: TEST_SOURCE,
    type: 'com.standing-order.create-order.v1',
    subject: id,
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data: { correlationId: id, ...data },
  };
  await fixture().broker.xAdd('order-requests', '*', { data: JSON.stringify(event) });
}
const noOrder = { replyTo: 'shop', request: { ...GOOD_ORDER, lines: [] } };

test('an invalid request is refused on its channel or, without a channel, dead-lettered, and no order is stored', async () => {
  const stored = async () => (await fixture().state.orders()).size;
  const before = await stored();
  await request('no-order', noOrder);
  await request('no-channel', { replyTo: '../order-replies', request: GOOD_ORDER });
  const on = (topic: string, id: string) =>
    poll(
      `${id} on ${topic}`,
      async () =>
        (await messagesOn(topic)).find(({ data }) => data.correlationId === id || data.original?.id === id)?.data,
      (data) => data !== undefined,
    );
  expect((await on('order-outcomes-shop', 'no-order')).errors).toMatchObject([{ field: 'request.lines' }]);
  expect((await on('order-requests-dead', 'no-channel')).faults).toMatchObject([{ field: 'data.replyTo' }]);
  expect(await stored()).toBe(before);
});

test('every message on the broker matches the documents and belongs to its order', async () => {
  await fixture().place(100);
  await request('nothing', noOrder);
  const orders = [GOOD_ORDER, { ...GOOD_ORDER, consumerId: 'nobody' }, { ...GOOD_ORDER, restaurantId: 'nowhere' }];
  await Promise.all(
    orders.map(async (asked, index) => {
      const outcome = await post(`${shop().url}/purchases`, { id: `purchase-${index}`, order: asked });
      expect(outcome).toMatchObject({ status: 200, body: { kind: 'settled' } });
    }),
  );
  const buyTogether = (round: number) =>
    Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        post(`${shop().url}/purchases`, { id: `round-${round}-${index}`, order: GOOD_ORDER }),
      ),
    );
  let rounds = 0;
  await poll(
    'a message of each type, and a batch message of each type',
    async () => {
      // Requests and confirmations share a message when they arrive together.
      await buyTogether(++rounds);
      return differencesOnBroker();
    },
    ({ types }) => Object.keys({ ...messageData, ...BATCH_ENTRY_TYPES }).every((type) => types.has(type)),
  );
  expect((await differencesOnBroker()).found).toEqual([]);
});
