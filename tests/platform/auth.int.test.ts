import { AUDIENCE, startTestIssuer, type TestIssuer } from '@standing-order/testing/test-issuer';
import { waitUntil } from '@standing-order/testing/wait-until';
import { afterAll, expect, test } from 'vitest';
import { type Answer, call } from '../support/client.ts';
import { CONSUMER, GOOD_ORDER, RESTAURANT, useWorld, type World } from '../support/world.ts';

let issuer: TestIssuer;

const bearer = async (claims: object) => ({ authorization: `Bearer ${await issuer.token({ ...claims })}` });
const ada = () => bearer({ sub: 'ada-at-home', consumer: CONSUMER });
const bob = () => bearer({ sub: 'bob', consumer: 'bob' });
const admin = () => bearer({ sub: 'root', realm_access: { roles: ['staff', 'admin'] } });

const world = useWorld(async () => {
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

type Service = keyof World['platform']['urls'];
type Headers = Readonly<Record<string, string>>;

const send = (method: string, service: Service, path: string, headers?: Headers, body?: unknown): Promise<Answer> =>
  call(method, `${world().platform.urls[service][0]}${path}`, body, headers);
const place = async (who: Promise<Headers>, more: Headers = {}, order: object = GOOD_ORDER) =>
  send('POST', 'order', '/orders', { ...(await who), ...more }, order);

test.each<[Service, string]>([
  ['order', '/orders/019ab000-0000-7000-8000-000000000000'],
  ['order', '/orders/019ab000-0000-7000-8000-000000000000/events'],
  ['order', `/consumers/${CONSUMER}/orders`],
  ['order', `/consumers/${CONSUMER}/orders/events`],
  ['order', '/stuck-orders'],
  ['order', '/replicas'],
  ['consumer', `/consumers/${CONSUMER}`],
  ['restaurant', `/restaurants/${RESTAURANT}`],
  ['notification', '/webhooks'],
])('%s asks for a token: GET %s', async (service, path) => {
  const answer = await send('GET', service, path);
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="standing-order"']);
});

test('whoever runs or reads about the services needs none', async () => {
  for (const service of ['order', 'consumer', 'restaurant', 'notification'] as const) {
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/asyncapi.json'])
      expect((await send('GET', service, path)).status).toBe(200);
    const { body } = await send('GET', service, '/openapi.json');
    expect(body.components.securitySchemes).toHaveProperty('bearer');
  }
});

test('a consumer orders and follows its order, which the others validate although nobody sends them a token', async () => {
  const placed = await place(ada(), { prefer: 'wait=20' });
  expect([placed.status, placed.body.status]).toEqual([201, 'VALIDATED']);
  const read = await send('GET', 'order', `/orders/${placed.body.id}`, await ada());
  expect(read.body).toEqual(placed.body);
});

test('the other styles, which ask directly and pull, need no token either', async () => {
  const asked = await place(ada(), { 'order-style': 'synchronous' });
  expect([asked.status, asked.body.status]).toEqual([201, 'VALIDATED']);
  const replicas = await waitUntil(
    'both owners are followed',
    async () => (await send('GET', 'order', '/replicas', await admin())).body,
    ({ consumer, restaurant }) => consumer.fresh && restaurant.fresh && restaurant.entities > 0,
  );
  expect(replicas.consumer.entities).toBe(1);
});

test("somebody else's order is as if it were not there", async () => {
  const { body } = await place(ada());
  const unknown = '019ab000-0000-7000-8000-000000000000';
  const hidden = await send('GET', 'order', `/orders/${body.id}`, await bob());
  const missing = await send('GET', 'order', `/orders/${unknown}`, await bob());
  expect(hidden.status).toBe(404);
  expect(JSON.stringify(hidden.body).replace(body.id, unknown)).toBe(JSON.stringify(missing.body));
  expect((await send('GET', 'order', `/orders/${body.id}`, await admin())).status).toBe(200);
});

test("a consumer's list and its streams are its own", async () => {
  const { body } = await place(ada());
  const paths = [`/consumers/${CONSUMER}/orders`, `/consumers/${CONSUMER}/orders/events`, '/consumers/nobody/orders'];
  for (const path of paths) expect([path, (await send('GET', 'order', path, await bob())).status]).toEqual([path, 403]);
  expect((await send('GET', 'order', `/orders/${body.id}/events`, await bob())).status).toBe(404);
  await waitUntil(
    'the order is in its list',
    async () => send('GET', 'order', `/consumers/${CONSUMER}/orders`, await ada()),
    ({ status, body: page }) => status === 200 && page.orders.some(({ id }: { id: string }) => id === body.id),
  );
});

test('nobody orders for somebody else, or for nobody, but an admin', async () => {
  const before = await world().state.keys();
  for (const who of [bob(), bearer({ sub: 'shop' })]) {
    const answer = await place(who);
    expect([answer.status, answer.body.type]).toEqual([403, 'urn:standing-order:problem:forbidden']);
  }
  const orders = (keys: readonly string[]) => keys.filter((key) => /(^|\|\|)o:/.test(key)).toSorted();
  expect(orders(await world().state.keys())).toEqual(orders(before));
  expect((await place(admin())).status).toBe(202);
});

test('equal Idempotency-Keys of two subjects are two orders, of one subject one', async () => {
  const key = { 'idempotency-key': 'basket-1' };
  const first = await place(ada(), key);
  const again = await place(ada(), key);
  const other = await place(bearer({ sub: 'ada-at-work', consumer: CONSUMER }), key);
  expect([first, again, other].map(({ status }) => status)).toEqual([202, 202, 202]);
  expect(again.body.id).toBe(first.body.id);
  expect(other.body.id).not.toBe(first.body.id);
});

test('the catalogue, webhooks and what runs the platform are for admins', async () => {
  const consumer = { id: 'bob', name: 'Bob', orderLimit: { amount: 1, currency: 'EUR' } };
  const restaurant = { name: 'Pop-up', currency: 'EUR', menu: [] };
  const calls: [string, Service, string, unknown?][] = [
    ['POST', 'consumer', '/consumers', consumer],
    ['POST', 'restaurant', '/restaurants', restaurant],
    ['PATCH', 'restaurant', `/restaurants/${RESTAURANT}`, { open: true }],
    ['GET', 'notification', '/webhooks'],
    ['POST', 'notification', '/webhooks', { url: 'https://shop.example/hook' }],
    ['GET', 'order', '/stuck-orders'],
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

test('a consumer reads itself and no other; restaurants are for all', async () => {
  expect((await send('GET', 'consumer', `/consumers/${CONSUMER}`, await ada())).status).toBe(200);
  expect((await send('GET', 'consumer', `/consumers/${CONSUMER}`, await bob())).status).toBe(403);
  expect((await send('GET', 'consumer', '/consumers/nobody', await bob())).status).toBe(403);
  expect((await send('GET', 'restaurant', `/restaurants/${RESTAURANT}`, await bob())).status).toBe(200);
});

test('while the issuer is down, orders are taken from whoever is known, and nobody else is let in', async () => {
  const known = ada();
  expect((await place(known)).status).toBe(202);
  issuer.behave('failing');
  await issuer.useKey('after', 'ES256', { keep: true });
  expect((await place(known)).status).toBe(202);
  // Unknown keys are looked for only now and then, so it may take a while until the service sees that the issuer is down.
  const answer = await waitUntil(
    'the service sees that it cannot ask for the key',
    () => place(ada()),
    ({ status }) => status !== 401,
  );
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
  issuer.behave('well');
  expect((await place(ada())).status).toBe(202);
});

test('a bearer token does not open what is for the sidecar, nor does the sidecar serve whoever has no token of Dapr’s', async () => {
  for (const [service, path] of [
    ['consumer', '/validations'],
    ['restaurant', '/changes'],
    ['order', '/messages/order-replies'],
  ] as const)
    expect((await send('POST', service, path, await admin(), {})).status).toBe(401);

  const { sidecarUrls, secrets } = world().platform;
  const metadata = `${sidecarUrls.order[0]}/v1.0/metadata`;
  expect((await fetch(metadata, { signal: AbortSignal.timeout(10_000) })).status).toBe(401);
  const headers = { 'dapr-api-token': secrets.daprApiToken };
  expect((await fetch(metadata, { headers, signal: AbortSignal.timeout(10_000) })).status).toBe(200);
});
