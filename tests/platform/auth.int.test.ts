import { poll } from '@standing-order/testing/poll';
import { AUDIENCE, startTestIssuer, type TestIssuer } from '@standing-order/testing/test-issuer';
import { afterAll, expect, test } from 'vitest';
import { call, type HttpResponse } from '../support/client.ts';
import { CONSUMER, GOOD_ORDER, type PlatformFixture, RESTAURANT, usePlatform } from '../support/platform-fixture.ts';

let issuer: TestIssuer;

const bearer = async (claims: object) => ({ authorization: `Bearer ${await issuer.token({ ...claims })}` });
const ada = () => bearer({ sub: 'ada-at-home', consumer: CONSUMER });
const bob = () => bearer({ sub: 'bob', consumer: 'bob' });
const admin = () => bearer({ sub: 'root', realm_access: { roles: ['staff', 'admin'] } });

const fixture = usePlatform(async () => {
  issuer = await startTestIssuer();
  const env = {
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_CONSUMER_CLAIM: 'consumer',
    AUTH_ROLES_CLAIM: 'realm_access.roles',
  };
  return {
    replicas: { order: 1, notification: 1 },
    env: { order: { ...env, STYLE_OVERRIDE: 'allowed' }, consumer: env, restaurant: env, notification: env },
    headers: await admin(),
  };
});
afterAll(() => issuer?.close());

type Service = keyof PlatformFixture['platform']['urls'];
type Headers = Readonly<Record<string, string>>;

const send = (
  method: string,
  service: Service,
  path: string,
  headers?: Headers,
  body?: unknown,
): Promise<HttpResponse> => call(method, `${fixture().platform.urls[service][0]}${path}`, body, headers);
const place = async (who: Promise<Headers>, more: Headers = {}, order: object = GOOD_ORDER) =>
  send('POST', 'order', '/orders', { ...(await who), ...more }, order);

test.each<[Service, string]>([
  ['order', '/orders/019ab000-0000-7000-8000-000000000000'],
  ['order', '/orders/019ab000-0000-7000-8000-000000000000/events'],
  ['order', `/consumers/${CONSUMER}/orders`],
  ['order', `/consumers/${CONSUMER}/orders/events`],
  ['order', '/stuck-orders'],
  ['order', '/waiting-orders'],
  ['order', '/replicas'],
  ['consumer', `/consumers/${CONSUMER}`],
  ['restaurant', `/restaurants/${RESTAURANT}`],
  ['notification', '/webhooks'],
])('%s asks for a token: GET %s', async (service, path) => {
  const answer = await send('GET', service, path);
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="standing-order"']);
});

test('health checks, metrics and API documents need no token', async () => {
  for (const service of ['order', 'consumer', 'restaurant', 'notification'] as const) {
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/asyncapi.json'])
      expect((await send('GET', service, path)).status).toBe(200);
    const { body } = await send('GET', service, '/openapi.json');
    expect(body.components.securitySchemes).toHaveProperty('bearer');
  }
});

test('a consumer places and follows its order, and the validators need no token from the order service', async () => {
  const placed = await place(ada(), { prefer: 'wait=20' });
  expect([placed.status, placed.body.status]).toEqual([201, 'VALIDATED']);
  const read = await send('GET', 'order', `/orders/${placed.body.id}`, await ada());
  expect(read.body).toEqual(placed.body);
});

test('the styles that invoke or pull need no token either', async () => {
  const asked = await place(ada(), { 'order-style': 'synchronous' });
  expect([asked.status, asked.body.status]).toEqual([201, 'VALIDATED']);
  const replicas = await poll(
    'both owners are followed',
    async () => (await send('GET', 'order', '/replicas', await admin())).body,
    ({ consumer, restaurant }) => consumer.fresh && restaurant.fresh && restaurant.entities > 0,
  );
  expect(replicas.consumer.entities).toBe(1);
});

test('the order of another consumer is answered as not found', async () => {
  const { body } = await place(ada());
  const unknown = '019ab000-0000-7000-8000-000000000000';
  const hidden = await send('GET', 'order', `/orders/${body.id}`, await bob());
  const missing = await send('GET', 'order', `/orders/${unknown}`, await bob());
  expect(hidden.status).toBe(404);
  expect(JSON.stringify(hidden.body).replace(body.id, unknown)).toBe(JSON.stringify(missing.body));
  expect((await send('GET', 'order', `/orders/${body.id}`, await admin())).status).toBe(200);
});

test('a consumer reads only its own list and streams', async () => {
  const { body } = await place(ada());
  const paths = [`/consumers/${CONSUMER}/orders`, `/consumers/${CONSUMER}/orders/events`, '/consumers/unknown/orders'];
  for (const path of paths) expect([path, (await send('GET', 'order', path, await bob())).status]).toEqual([path, 403]);
  expect((await send('GET', 'order', `/orders/${body.id}/events`, await bob())).status).toBe(404);
  await poll(
    'the order is in its list',
    async () => send('GET', 'order', `/consumers/${CONSUMER}/orders`, await ada()),
    ({ status, body: page }) => status === 200 && page.orders.some(({ id }: { id: string }) => id === body.id),
  );
});

test('only an admin orders for another consumer', async () => {
  const before = await fixture().state.keys();
  for (const who of [bob(), bearer({ sub: 'shop' })]) {
    const answer = await place(who);
    expect([answer.status, answer.body.type]).toEqual([403, 'urn:standing-order:problem:forbidden']);
  }
  const orders = (keys: readonly string[]) => keys.filter((key) => /(^|\|\|)o:/.test(key)).toSorted();
  expect(orders(await fixture().state.keys())).toEqual(orders(before));
  expect((await place(admin())).status).toBe(202);
});

test('an Idempotency-Key belongs to its subject', async () => {
  const key = { 'idempotency-key': 'basket-1' };
  const first = await place(ada(), key);
  const again = await place(ada(), key);
  const other = await place(bearer({ sub: 'ada-at-work', consumer: CONSUMER }), key);
  expect([first, again, other].map(({ status }) => status)).toEqual([202, 202, 202]);
  expect(again.body.id).toBe(first.body.id);
  expect(other.body.id).not.toBe(first.body.id);
});

test('the catalogue, webhooks and parked orders are for admins', async () => {
  const consumer = { id: 'bob', name: 'Bob', orderLimit: { amount: 1, currency: 'EUR' } };
  const restaurant = { name: 'Pop-up', currency: 'EUR', menu: [] };
  const calls: [string, Service, string, unknown?][] = [
    ['POST', 'consumer', '/consumers', consumer],
    ['POST', 'restaurant', '/restaurants', restaurant],
    ['PATCH', 'restaurant', `/restaurants/${RESTAURANT}`, { open: true }],
    ['GET', 'notification', '/webhooks'],
    ['POST', 'notification', '/webhooks', { url: 'https://shop.example/hook' }],
    ['GET', 'order', '/stuck-orders'],
    ['GET', 'order', '/waiting-orders'],
    ['GET', 'order', '/replicas'],
    ['POST', 'order', '/orders/019ab000-0000-7000-8000-000000000000/retry'],
  ];
  for (const [method, service, path, body] of calls) {
    const answer = await send(method, service, path, await ada(), body);
    expect([path, answer.status]).toEqual([path, 403]);
    expect(answer.headers['www-authenticate']).toContain('insufficient_scope');
    expect((await send(method, service, path, await admin(), body)).status).not.toBe(403);
  }
});

test('a consumer reads only itself; every caller reads restaurants', async () => {
  expect((await send('GET', 'consumer', `/consumers/${CONSUMER}`, await ada())).status).toBe(200);
  expect((await send('GET', 'consumer', `/consumers/${CONSUMER}`, await bob())).status).toBe(403);
  expect((await send('GET', 'consumer', '/consumers/nobody', await bob())).status).toBe(403);
  expect((await send('GET', 'restaurant', `/restaurants/${RESTAURANT}`, await bob())).status).toBe(200);
});

test('while the issuer is down, tokens with a known key are accepted and all others refused', async () => {
  const known = ada();
  expect((await place(known)).status).toBe(202);
  issuer.setBehaviour('failing');
  await issuer.useKey('after', 'ES256', { keep: true });
  expect((await place(known)).status).toBe(202);
  // Unknown keys are fetched at intervals, so the service detects the issuer's failure with a delay.
  const answer = await poll(
    'the service cannot fetch the key',
    () => place(ada()),
    ({ status }) => status !== 401,
  );
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
  issuer.setBehaviour('normal');
  // A failing issuer is read once in 10 s.
  await poll(
    'the new key is accepted',
    () => place(ada()),
    ({ status }) => status === 202,
  );
});

test('a bearer token opens no sidecar operation, and the sidecar refuses a caller without a Dapr token', async () => {
  for (const [service, path] of [
    ['consumer', '/validations'],
    ['restaurant', '/changes'],
    ['order', '/messages/order-replies'],
  ] as const)
    expect((await send('POST', service, path, await admin(), {})).status).toBe(401);

  const { sidecarUrls, secrets } = fixture().platform;
  const metadata = `${sidecarUrls.order[0]}/v1.0/metadata`;
  expect((await fetch(metadata, { signal: AbortSignal.timeout(10_000) })).status).toBe(401);
  const headers = { 'dapr-api-token': secrets.daprApiToken };
  expect((await fetch(metadata, { headers, signal: AbortSignal.timeout(10_000) })).status).toBe(200);
});
