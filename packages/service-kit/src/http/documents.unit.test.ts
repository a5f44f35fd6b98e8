import { type Api, orderApi } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import { createApp } from './index.ts';

const app = createApp({ readiness: () => ({ ready: true, reasons: [] }), authenticate: undefined }, orderApi);

test('serves the OpenAPI and AsyncAPI documents', async () => {
  const openapi = await app.request('/openapi.json');
  expect(await openapi.json()).toMatchObject({ openapi: '3.1.1', info: { title: orderApi.title } });
  const asyncapi = await app.request('/asyncapi.json');
  expect(await asyncapi.json()).toMatchObject({ asyncapi: '3.0.0', channels: { 'order-requests': {} } });
});

test('the page loads only files of the service, and its policy allows no others', async () => {
  const response = await app.request('/docs');
  const page = await response.text();
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
  const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)]
    .map(([, at = '']) => at)
    .filter((at) => at !== 'data:,' && at !== 'openapi.json');
  expect(parts).toEqual(['docs/swagger-ui.css', 'docs/page.css', 'docs/swagger-ui-bundle.js', 'docs/page.js']);
  for (const part of parts) {
    const file = await app.request(`/${part}`);
    expect([part, file.status]).toEqual([part, 200]);
    expect((await file.text()).length).toBeGreaterThan(50);
  }
  expect((await app.request('/docs/index.js')).status).toBe(404);
  expect((await app.request('/docs/constructor')).status).toBe(404);
});

/** The API, and how often one of its fields was read. */
function countedApi() {
  let reads = 0;
  const api = new Proxy(orderApi, {
    get(target, name, receiver) {
      reads++;
      return Reflect.get(target, name, receiver);
    },
  });
  return { api: api as Api, reads: () => reads };
}
const appOf = (api: Api) =>
  createApp({ readiness: () => ({ ready: true, reasons: [] }), authenticate: undefined }, api);

test.each(['/openapi.json', '/asyncapi.json', '/docs'])(
  'makes %s once for all requests, also for those that arrive while it is made',
  async (path) => {
    const { api, reads } = countedApi();
    const one = appOf(api);
    const before = reads();
    const first = one.request(path);
    const made = reads();
    expect(made).toBeGreaterThan(before);
    const texts = await Promise.all([first, ...Array.from({ length: 20 }, () => one.request(path))]);
    expect(new Set(await Promise.all(texts.map((response) => response.text()))).size).toBe(1);
    expect((await one.request(path, { method: 'HEAD' })).status).toBe(200);
    expect(reads()).toBe(made);
  },
);

test('makes a document again after it could not be made', async () => {
  let isBroken = true;
  const api = new Proxy(orderApi, {
    get(target, name, receiver) {
      if (name === 'description' && isBroken) throw new Error('too many open files');
      return Reflect.get(target, name, receiver);
    },
  });
  const one = appOf(api);
  expect((await one.request('/docs')).status).toBe(500);
  isBroken = false;
  expect((await one.request('/docs')).status).toBe(200);
});

test.each(['/openapi.json', '/asyncapi.json', '/docs', '/docs/page.js'])(
  'answers 304 to the ETag of %s',
  async (path) => {
    const first = await app.request(path);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    const again = await app.request(path, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  },
);
