import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { formatEtag, isUnchanged } from './headers.ts';

const app = new Hono().all('/thing', (c) => c.body(null, isUnchanged(c, formatEtag('7')) ? 304 : 200));
const ask = async (tags?: string, method = 'GET') =>
  (await app.request('/thing', { method, headers: tags === undefined ? {} : { 'if-none-match': tags } })).status;

test.each([
  ['"7"', 304],
  ['W/"7"', 304],
  ['"6", W/"7"', 304],
  ['"6","7"', 304],
  [' * ', 304],
  [undefined, 200],
  ['', 200],
  ['7', 200],
  ['"77"', 200],
  ['"6", "8"', 200],
  ['"6,7"', 200],
])('If-None-Match %s is answered %i', async (tags, status) => {
  expect(await ask(tags)).toBe(status);
});

test('If-None-Match applies to GET and HEAD only', async () => {
  expect(await ask('"7"', 'HEAD')).toBe(304);
  expect(await ask('"7"', 'POST')).toBe(200);
});
