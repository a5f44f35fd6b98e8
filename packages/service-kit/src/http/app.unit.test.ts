import { type Problem, problem } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  createApp,
  idempotencyKeyOf,
  MAX_BODY_BYTES,
  ProblemError,
  pathParam,
  readJsonBody,
  requireIfMatch,
} from './index.ts';

const schema = z.strictObject({
  name: z.string(),
  lines: z.array(z.strictObject({ quantity: z.int().min(1) })).default([]),
});
const id = z.string().regex(/^[a-z]+$/, 'must be letters');

function setUp(reasons: readonly string[] = []) {
  const app = createApp({ readiness: () => ({ ready: reasons.length === 0, reasons }), appToken: 'secret' });
  app.post('/things', async (c) => c.json(await readJsonBody(c, schema), 201));
  app.get('/things/:id', (c) => c.json({ id: pathParam(c, 'id', id) }));
  app.patch('/things/:id', (c) => c.json({ seven: requireIfMatch(c)('7'), eight: requireIfMatch(c)('8') }));
  app.put('/things', (c) => c.json({ key: idempotencyKeyOf(c) ?? null }));
  app.get('/busy', () => {
    throw new ProblemError('unavailable', { retryAfter: 2.1, location: '/things/x', detail: 'the queue is full' });
  });
  app.get('/broken', () => {
    throw new Error('a secret detail');
  });
  app.post('/messages/known', (c) => c.json({ status: 'SUCCESS' }));
  return app;
}

const post = (body: string | ReadableStream, headers: Record<string, string> = {}) =>
  setUp().request('/things', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
    duplex: 'half',
  } as RequestInit);

async function problemIn(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = problem.parse(await response.json());
  expect(body.status).toBe(response.status);
  return body;
}

test('passes a valid body to the handler', async () => {
  const response = await post('{"name":"a"}');
  expect([response.status, await response.json()]).toEqual([201, { name: 'a', lines: [] }]);
});

test('lists every fault of a body with its field', async () => {
  const body = await problemIn(await post('{"lines":[{"quantity":1},{"quantity":0,"colour":"red"}],"price":1}'));
  expect(body).toMatchObject({ type: 'urn:standing-order:problem:invalid-request', status: 422 });
  expect(body.errors?.map(({ field }) => field)).toEqual(['name', 'lines[1].quantity', 'lines[1].colour', 'price']);
});

test('counts a thousand faults and lists a hundred', async () => {
  const lines = Array.from({ length: 1_000 }, () => ({ quantity: 0 }));
  const body = await problemIn(await post(JSON.stringify({ name: 'a', lines })));
  expect(body.errors).toHaveLength(100);
  expect(body.detail).toMatch(/1000 faults/);
});

test.each([
  ['a body that is not JSON', '{"name":', {}, 400, 'body'],
  ['an empty body', '', {}, 400, 'body'],
  ['a body that is not an object', '[]', {}, 422, 'body'],
  ['a form', '{}', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'Content-Type'],
  ['a request without a type', '{}', { 'content-type': '' }, 415, 'Content-Type'],
])('refuses %s with the field at fault', async (_, body, headers, status, field) => {
  const found = await problemIn(await post(body, headers));
  expect([found.status, found.errors?.[0]?.field]).toEqual([status, field]);
});

test.each(['application/json; charset=utf-8', 'application/merge-patch+json', 'Application/JSON'])(
  'accepts %s as JSON',
  async (type) => {
    expect((await post('{"name":"a"}', { 'content-type': type })).status).toBe(201);
  },
);

test('refuses a body whose Content-Length is too large without reading it', async () => {
  const unread = new ReadableStream({
    pull() {
      throw new Error('it was read');
    },
  });
  const body = await problemIn(await post(unread, { 'content-length': String(MAX_BODY_BYTES + 1) }));
  expect(body).toMatchObject({ status: 413, errors: [{ field: 'body', detail: expect.any(String) }] });
});

test('reads a body without a Content-Length no further than the limit', async () => {
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 64 * 1024;
      controller.enqueue(new Uint8Array(64 * 1024));
    },
  });
  expect(await problemIn(await post(endless))).toMatchObject({ status: 413, errors: [{ field: 'body' }] });
  expect(sent).toBeLessThan(2 * MAX_BODY_BYTES);
});

test('accepts a body of exactly the limit, with and without a Content-Length', async () => {
  const body = `{"name":"${'x'.repeat(MAX_BODY_BYTES - 11)}"}`;
  expect(Buffer.byteLength(body)).toBe(MAX_BODY_BYTES);
  expect((await post(body, { 'content-length': String(MAX_BODY_BYTES) })).status).toBe(201);
  expect((await post(new Blob([body]).stream())).status).toBe(201);
});

test('answers an unknown path with 404, and an unsupported method with 405 and Allow', async () => {
  expect((await problemIn(await setUp().request('/nothing'))).status).toBe(404);
  const response = await setUp().request('/things', { method: 'DELETE' });
  expect(response.headers.get('allow')).toBe('POST, PUT');
  expect((await problemIn(response)).status).toBe(405);
});

test('answers an invalid id with 404 and the reason', async () => {
  const body = await problemIn(await setUp().request('/things/007'));
  expect(body).toMatchObject({ status: 404, errors: [{ field: 'id', detail: 'must be letters' }] });
});

test('answers a ProblemError with its headers', async () => {
  const response = await setUp().request('/busy');
  expect(response.headers.get('retry-after')).toBe('3');
  expect(response.headers.get('location')).toBe('/things/x');
  expect(await problemIn(response)).toMatchObject({ status: 503, detail: 'the queue is full' });
});

test('answers an exception with 500, without its message', async () => {
  const response = await setUp().request('/broken');
  expect(JSON.stringify(await problemIn(response))).not.toContain('secret');
  expect(response.status).toBe(500);
});

test.each([
  [undefined, 428],
  ['7', 422],
  ['', 422],
  ['"7', 422],
  ['"7" "8"', 422],
  ['*, "7"', 422],
  ['"7"', 200, { seven: true, eight: false }],
  ['"7", "8"', 200, { seven: true, eight: true }],
  ['"6",W/"7" , "8"', 200, { seven: false, eight: true }],
  ['W/"7"', 200, { seven: false, eight: false }],
  ['*', 200, { seven: true, eight: true }],
])('If-Match %s is answered %i, after RFC 9110', async (tag, status, matches?: object) => {
  const headers: Record<string, string> = tag === undefined ? {} : { 'if-match': tag };
  const response = await setUp().request('/things/a', { method: 'PATCH', headers });
  expect(response.status).toBe(status);
  if (status === 200) expect(await response.json()).toEqual(matches);
  else expect((await problemIn(response)).errors?.[0]?.field).toBe('If-Match');
});

test('refuses an Idempotency-Key of 10,000 characters with the header at fault', async () => {
  const request = (key: string) => setUp().request('/things', { method: 'PUT', headers: { 'idempotency-key': key } });
  expect(await (await request('k1')).json()).toEqual({ key: 'k1' });
  const body = await problemIn(await request('x'.repeat(10_000)));
  expect(body).toMatchObject({ status: 422, errors: [{ field: 'Idempotency-Key' }] });
});

test('accepts messages only with the token, and never answers them 404', async () => {
  const deliver = (path: string, token?: string) =>
    setUp().request(path, { method: 'POST', headers: token === undefined ? {} : { 'dapr-api-token': token } });
  expect((await deliver('/messages/known', 'secret')).status).toBe(200);
  expect((await problemIn(await deliver('/messages/known', 'secreT'))).status).toBe(401);
  expect((await problemIn(await deliver('/messages/known'))).status).toBe(401);
  expect((await problemIn(await deliver('/messages/unknown', 'secret'))).status).toBe(503);
});

test('is alive while it is not ready, and lists the reasons', async () => {
  const down = setUp(['the sidecar does not answer']);
  expect((await down.request('/healthz')).status).toBe(200);
  const response = await down.request('/readyz');
  expect([response.status, await response.json()]).toEqual([
    503,
    { status: 'not ready', reasons: ['the sidecar does not answer'] },
  ]);
  expect((await setUp().request('/readyz')).status).toBe(200);
});
