import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TOPICS } from '@standing-order/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, concurrently, type HttpResponse, post } from '../support/client.ts';
import { usePlatform } from '../support/platform-fixture.ts';
import { bodyFor, FORGED_ID, PROTECTED_ROUTES, ROUTES, type Route, WITHOUT_ID } from '../support/routes.ts';
import { type Sidecar, sidecarReady, startSidecar } from '../support/sidecar.ts';

const fixture = usePlatform(() => ({ replicas: { order: 1, notification: 1 } }));

/** The services whose own sidecar denies every invocation, also without mTLS. */
const NEVER_INVOKED: readonly string[] = ['order', 'notification'];

/** An application can leave the header in which its sidecar names it, forge the header, or send a token. */
const STRATEGIES: readonly [string, Readonly<Record<string, string>>][] = [
  ['with its own id', {}],
  ['with a forged id', FORGED_ID],
  ['with a token of its own', { 'dapr-api-token': 'guessed' }],
];

const ends: (() => Promise<void>)[] = [];
let foreign: Sidecar;
/** A sidecar with the platform's components, and an app id that they do not name. */
let unknown: Sidecar;
/** A sidecar with the app id of a client that orders by message. */
let client: Sidecar;

async function start(appId: string, resources?: string): Promise<Sidecar> {
  const sidecar = await startSidecar(fixture().platform, { appId, ...(resources !== undefined && { resources }) });
  ends.push(() => sidecar.child.stop());
  await sidecarReady(sidecar);
  return sidecar;
}

beforeAll(async () => {
  const none = join(fixture().platform.dataDir, 'no-resources');
  mkdirSync(none);
  foreign = await start('mallory', none);
  unknown = await start('eve');
  client = await start('shop');
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

const invoke = (url: string, route: Route, headers: Readonly<Record<string, string>> = {}) =>
  call(route.method, `${url}/v1.0/invoke/${route.service}/method${route.path}`, bodyFor(route), headers);

/** The keys that orders and entities have, and the number of messages of each topic. */
async function effects() {
  const { state, broker } = fixture();
  const topics = (await broker.keys('*')).toSorted();
  const lengths = await Promise.all(topics.map((topic) => broker.xLen(topic)));
  const keys = (await state.keys()).filter((key) => /\|\|(?!reserve:)(o|c|r|webhook|hook)/.test(key));
  return { keys, messages: Object.fromEntries(topics.map((topic, index) => [topic, lengths[index]])) };
}

const label = ({ service, method, path }: Route, { status }: HttpResponse) => `${status} ${service}: ${method} ${path}`;

async function allowed(routes: readonly Route[], attempt: (route: Route) => Promise<HttpResponse>): Promise<string[]> {
  const answers = await concurrently(routes.length, 8, async (index) => {
    const route = routes[index] as Route;
    const answer = await attempt(route);
    return answer.status === 401 || answer.status === 403 ? [] : [label(route, answer)];
  });
  return answers.flat();
}

describe('an application with a sidecar of its own and no token of the platform', () => {
  test.each(STRATEGIES)('may invoke no route of any service with any method, %s', async (_, headers) => {
    const before = await effects();
    expect(await allowed(ROUTES, (route) => invoke(foreign.url, route, headers))).toEqual([]);
    expect(await effects()).toEqual(before);
  });

  test('may invoke no route of a service that is never invoked, without an id', async () => {
    const before = await effects();
    const routes = ROUTES.filter(({ service }) => NEVER_INVOKED.includes(service));
    expect(await allowed(routes, (route) => invoke(foreign.url, route, WITHOUT_ID))).toEqual([]);
    expect(await effects()).toEqual(before);
  });

  test('may invoke no operation that is not public, without an id', async () => {
    // Deliveries at the services that are invoked are left out: without mTLS they look the same (ADR 0073).
    const before = await effects();
    expect(await allowed(PROTECTED_ROUTES, (route) => invoke(foreign.url, route, WITHOUT_ID))).toEqual([]);
    expect(await effects()).toEqual(before);
  });

  test('is refused by the application of the callee, and not for want of a route to it', async () => {
    const answer = await invoke(foreign.url, { service: 'consumer', method: 'POST', path: '/changes' });
    expect([answer.status, answer.body.type]).toEqual([403, 'urn:standing-order:problem:forbidden']);
    const denied = await invoke(foreign.url, { service: 'order', method: 'GET', path: '/healthz' });
    expect([denied.status, denied.body.message]).toEqual([403, expect.stringContaining('access control policy')]);
  });
});

test('the application refuses each route also when its sidecar forwards the request', async () => {
  const { platform } = fixture();
  const headers = { 'dapr-api-token': platform.secrets.appApiToken, 'dapr-caller-app-id': 'mallory' };
  const before = await effects();
  const direct = (route: Route) =>
    call(route.method, `${platform.urls[route.service][0]}${route.path}`, bodyFor(route), headers);
  expect(await allowed(ROUTES, direct)).toEqual([]);
  expect(await effects()).toEqual(before);
});

test('the order service may invoke', async () => {
  const { sidecarUrls, secrets } = fixture().platform;
  for (const service of ['consumer', 'restaurant'] as const) {
    const route = { service, method: 'POST', path: '/changes' };
    const headers = { 'dapr-api-token': secrets.daprApiToken };
    expect((await invoke(sidecarUrls.order[0] ?? '', route, headers)).status).toBe(200);
  }
});

describe('on the broker', () => {
  const publish = (sidecar: Sidecar, topic: string) => post(`${sidecar.url}/v1.0/publish/messages/${topic}`, {});

  test('an application that the component does not name may publish nothing', async () => {
    const before = await effects();
    for (const topic of Object.keys(TOPICS)) expect((await publish(unknown, topic)).status).toBe(404);
    expect(await effects()).toEqual(before);
  });

  test('a client may publish requests and confirmations only', async () => {
    const others = Object.keys(TOPICS).filter((topic) => !['order-requests', 'order-confirmations'].includes(topic));
    for (const topic of [...others, 'order-outcomes-other', 'order-replies-dead']) {
      expect([topic, (await publish(client, topic)).status]).toEqual([topic, 403]);
    }
    for (const topic of ['order-requests', 'order-confirmations'])
      expect((await publish(client, topic)).status).toBe(204);
  });

  test.each([
    ['order', ['order-confirmations', 'order-replies', 'order-requests', 'consumer-changes', 'restaurant-changes']],
    ['consumer', ['order-requests', 'consumer-commands', 'restaurant-changes', 'order-settled', 'order-outcomes-shop']],
    [
      'restaurant',
      ['order-requests', 'restaurant-commands', 'consumer-changes', 'order-settled', 'order-outcomes-shop'],
    ],
    [
      'notification',
      ['order-requests', 'order-settled', 'consumer-changes', 'consumer-commands', 'order-outcomes-shop'],
    ],
  ] as const)('the %s service may not publish what others send', async (service, topics) => {
    const { sidecarUrls, secrets } = fixture().platform;
    const headers = { 'dapr-api-token': secrets.daprApiToken };
    for (const topic of topics) {
      const { status } = await post(`${sidecarUrls[service][0]}/v1.0/publish/messages/${topic}`, {}, headers);
      expect([topic, status]).toEqual([topic, 403]);
    }
  });
});
