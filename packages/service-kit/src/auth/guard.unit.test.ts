import type { Api, Operation } from '@standing-order/contracts';
import type { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { createApp } from '../http/index.ts';
import type { Authenticate } from './authenticate.ts';
import { type Caller, callerOf } from './caller.ts';

const operation = (path: Operation['path'], access: Operation['access'], method: Operation['method'] = 'get') => ({
  id: `${method} ${path}`,
  method,
  path,
  access,
  summary: path,
  responses: {},
});

const api: Api = {
  service: 'order',
  title: 'Things',
  tag: 'Orders',
  description: '',
  operations: [
    operation('/things/stuck', 'admin'),
    operation('/things/{id}', 'client'),
    operation('/open', 'anyone'),
    operation('/validations', 'sidecar', 'post'),
  ],
};

const callers: Record<string, Caller> = {
  ada: { client: 'subject:ada', admin: false, consumer: 'ada' },
  root: { client: 'subject:root', admin: true, consumer: undefined },
};

/** An application whose callers identify themselves by name. */
const byName: Authenticate = async (c) =>
  callers[c.req.header('authorization') ?? ''] ?? Promise.reject(new Error('who?'));

function setUp(authenticate: Authenticate | undefined, appToken?: string): Hono {
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }), authenticate, appToken }, api);
  app.get('/things/stuck', (c) => c.json(callerOf(c)));
  app.get('/things/:id', (c) => c.json(callerOf(c)));
  app.get('/open', (c) => c.text('open'));
  app.get('/asks', (c) => c.json(callerOf(c)));
  app.post('/validations', (c) => c.text('valid'));
  app.post('/messages/known', (c) => c.text('taken'));
  return app;
}

const statusOf = async (app: Hono, name: string | undefined, path: string, method = 'GET') =>
  (await app.request(path, { method, headers: name === undefined ? {} : { authorization: name } })).status;

test.each<[string, string | undefined, number]>([
  ['/things/1', 'ada', 200],
  ['/things/1', 'root', 200],
  ['/things/1', undefined, 500],
  ['/things/stuck', 'ada', 403],
  ['/things/stuck', 'root', 200],
  ['/open', undefined, 200],
  ['/healthz', undefined, 200],
  ['/readyz', undefined, 200],
  ['/metrics', undefined, 200],
  ['/openapi.json', undefined, 200],
  ['/asyncapi.json', undefined, 200],
  ['/docs', undefined, 200],
  ['/nothing', undefined, 404],
])('GET %s by %s is answered %i', async (path, name, status) => {
  expect(await statusOf(setUp(byName), name, path)).toBe(status);
});

test('authorises HEAD like GET', async () => {
  expect(await statusOf(setUp(byName), 'ada', '/things/stuck', 'HEAD')).toBe(403);
});

test('restricts an undescribed route to administrators', async () => {
  expect(await statusOf(setUp(byName), 'ada', '/asks')).toBe(403);
  expect(await statusOf(setUp(byName), 'root', '/asks')).toBe(200);
});

test('answers 403 with the challenge of RFC 6750', async () => {
  const response = await setUp(byName).request('/things/stuck', { headers: { authorization: 'ada' } });
  expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  expect(await response.json()).toMatchObject({ type: 'urn:standing-order:problem:forbidden', status: 403 });
});

test('gives every caller full access, as one client, when authentication is off', async () => {
  const response = await setUp(undefined).request('/things/stuck');
  expect(await response.json()).toEqual({ client: 'anonymous', admin: true });
});

describe('with the token of the sidecar', () => {
  const TOKEN = { 'dapr-api-token': 'secret' };
  const ORDER = { 'dapr-caller-app-id': 'order' };
  const SHOP = { 'dapr-caller-app-id': 'shop' };
  const app = setUp(byName, 'secret');
  const statusWith = async (method: string, path: string, headers: Record<string, string>) =>
    (await app.request(path, { method, headers })).status;

  test.each<[string, Record<string, string>]>([
    ['/validations', ORDER],
    ['/messages/known', {}],
  ])('requires the token for POST %s, and accepts no other', async (path, caller) => {
    expect(await statusWith('POST', path, { ...TOKEN, ...caller })).toBe(200);
    expect(await statusWith('POST', path, { ...caller, 'dapr-api-token': 'secreT' })).toBe(401);
    expect(await statusWith('POST', path, { ...caller, authorization: 'root' })).toBe(401);
  });

  test('lets only the order service invoke an operation of the sidecar', async () => {
    expect(await statusWith('POST', '/validations', TOKEN)).toBe(403);
    expect(await statusWith('POST', '/validations', { ...TOKEN, ...SHOP })).toBe(403);
  });

  test.each(['order, shop', 'shop, order', 'ORDER', 'orders', ''])(
    'does not accept the caller "%s"',
    async (caller) => {
      expect(await statusWith('POST', '/validations', { ...TOKEN, 'dapr-caller-app-id': caller })).toBe(403);
    },
  );

  test.each([ORDER, SHOP, { 'dapr-caller-app-id': '' }])(
    'takes no delivery from the application %o',
    async (caller) => {
      expect(await statusWith('POST', '/messages/known', { ...TOKEN, ...caller })).toBe(403);
      expect(await statusWith('POST', '/messages/unknown', { ...TOKEN, ...caller })).toBe(403);
    },
  );

  test.each([
    ['GET', '/things/1'],
    ['GET', '/things/stuck'],
    ['GET', '/asks'],
    ['GET', '/open'],
    ['GET', '/healthz'],
    ['GET', '/nothing'],
  ])('lets no application invoke %s %s', async (method, path) => {
    for (const caller of [ORDER, SHOP]) {
      expect(await statusWith(method, path, { ...TOKEN, ...caller, authorization: 'root' })).toBe(403);
      expect(await statusWith(method, path, { ...caller, authorization: 'root' })).toBe(403);
    }
  });

  test('refuses a request for clients that comes through the sidecar without the id of its caller', async () => {
    for (const path of ['/things/1', '/things/stuck', '/asks']) {
      expect(await statusWith('GET', path, { ...TOKEN, authorization: 'root' })).toBe(403);
      expect(await statusWith('GET', path, { 'dapr-api-token': 'another', authorization: 'root' })).toBe(200);
    }
  });

  test('refuses invocations also without authentication', async () => {
    const open = setUp(undefined, 'secret');
    for (const headers of [SHOP, { ...TOKEN, ...SHOP }, TOKEN]) {
      expect((await open.request('/things/1', { headers })).status).toBe(403);
    }
  });
});

test('the OpenAPI document lists the required credentials', async () => {
  const securityOf = async (app: Hono) => {
    const { paths } = (await (await app.request('/openapi.json')).json()) as {
      paths: Record<string, { get: { security: object[] } }>;
    };
    return paths['/things/stuck']?.get.security;
  };
  expect(await securityOf(setUp(byName))).toEqual([{ bearer: [] }]);
  expect(await securityOf(setUp(undefined))).toEqual([]);
});
