import { orderApi } from '@standing-order/contracts';
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

test.each(['/openapi.json', '/asyncapi.json', '/docs', '/docs/page.js'])(
  'makes %s once, and answers 304 to its ETag',
  async (path) => {
    const first = await app.request(path);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    const again = await app.request(path, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  },
);
