import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Api, asyncApiOf, openApiOf } from '@standing-order/contracts';
import type { Context, Hono } from 'hono';
import { html } from 'hono/html';
import { formatEtag, isUnchanged } from './headers.ts';
import { ProblemError } from './problem.ts';

const SCRIPT = 'text/javascript; charset=utf-8';
const JSON_TYPE = 'application/json';
const HTML_TYPE = 'text/html; charset=utf-8';

/** The page loads only files of this service, so it works in a cluster without internet access. */
const SECURITY = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = ({ title }: Api) => html`<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="docs/swagger-ui.css">
  <div id="page"></div>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/page.js"></script>
</html>`;

/** Without a validator's badge, which would be fetched from elsewhere. Relative, so that the page works behind a path. */
const pageScript =
  "SwaggerUIBundle({ url: 'openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null, defaultModelsExpandDepth: 0 });";

interface Part {
  readonly type: string;
  read(): Promise<Uint8Array<ArrayBuffer>> | string;
}

const parts = new Map<string, Part>([
  [
    'swagger-ui.css',
    {
      type: 'text/css; charset=utf-8',
      read: () => readFile(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui.css'))),
    },
  ],
  [
    'swagger-ui-bundle.js',
    { type: SCRIPT, read: () => readFile(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'))) },
  ],
  ['page.js', { type: SCRIPT, read: () => pageScript }],
]);

/** Creates a handler for content that never changes while the process runs: made once, with an ETag. */
function constant(type: string, read: () => string | Promise<Uint8Array<ArrayBuffer>>, headers = {}) {
  let made: Promise<{ body: Uint8Array<ArrayBuffer>; etag: string }> | undefined;
  const make = async () => {
    const body = new Uint8Array(Buffer.from(await read()));
    return { body, etag: formatEtag(createHash('sha256').update(body).digest('base64url')) };
  };
  return async (c: Context) => {
    made ??= make();
    const { body, etag } = await made;
    const all = { ...headers, etag, 'cache-control': 'no-cache' };
    return isUnchanged(c, etag) ? c.body(null, 304, all) : c.body(body, 200, { ...all, 'content-type': type });
  };
}

/** Adds GET /openapi.json, /asyncapi.json and /docs, a page that shows the former. */
export function documentRoutes(app: Hono, api: Api, auth: boolean): void {
  app.get(
    '/openapi.json',
    constant(JSON_TYPE, () => JSON.stringify(openApiOf(api, { auth }))),
  );
  app.get(
    '/asyncapi.json',
    constant(JSON_TYPE, () => JSON.stringify(asyncApiOf(api.service))),
  );
  app.get(
    '/docs',
    constant(HTML_TYPE, () => String(page(api)), { 'content-security-policy': SECURITY }),
  );
  const files = new Map([...parts].map(([name, { type, read }]) => [name, constant(type, read)]));
  app.get('/docs/:file', async (c) => {
    const file = files.get(c.req.param('file'));
    if (!file) throw new ProblemError('not-found', { detail: 'the page has no such part' });
    return file(c);
  });
}
