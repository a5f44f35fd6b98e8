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
const STYLE = 'text/css; charset=utf-8';

/** The page loads only files of this service, so it works in a cluster without internet access. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const renderPage = ({ title, description }: Api) => html`<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="description" content="${description}">
  <title>${title}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="docs/swagger-ui.css">
  <link rel="stylesheet" href="docs/page.css">
  <div id="page"></div>
  <noscript>This page needs JavaScript. The document is <a href="openapi.json">openapi.json</a>.</noscript>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/page.js"></script>
</html>`;

/** Without the badge of a validator, which is on another host. The URL is relative, so that the page works behind a path prefix. */
const PAGE_SCRIPT =
  "SwaggerUIBundle({ url: 'openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null, defaultModelsExpandDepth: 0 });";

/** No response has links, so their column is hidden. On a phone the tables get most of the width, and long names may break. */
const PAGE_STYLE = `
.swagger-ui .response-col_links { display: none; }
.swagger-ui table.headers td { overflow-wrap: break-word; padding-right: 8px; }
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 8px; }
  .swagger-ui .info { margin: 24px 0; }
  .swagger-ui .scheme-container { padding: 16px 0; }
  .swagger-ui .opblock-body .table-container,
  .swagger-ui .responses-inner,
  .swagger-ui .opblock-description-wrapper { padding: 8px; }
  .swagger-ui table.headers .header-col { padding-right: 8px; width: auto; }
  .swagger-ui .parameters-col_name { max-width: 9em; width: 9em; }
  .swagger-ui .parameters-col_name, .swagger-ui td { padding-right: 8px; }
  .swagger-ui .response-col_status { min-width: 3em; padding-right: 8px; width: 3em; }
  .swagger-ui select { max-width: 100%; }
}
`;

interface PageFile {
  readonly type: string;
  read(): Promise<Uint8Array<ArrayBuffer>> | string;
}

const FILES = new Map<string, PageFile>([
  [
    'swagger-ui.css',
    {
      type: STYLE,
      read: () => readFile(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui.css'))),
    },
  ],
  [
    'swagger-ui-bundle.js',
    { type: SCRIPT, read: () => readFile(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'))) },
  ],
  ['page.css', { type: STYLE, read: () => PAGE_STYLE }],
  ['page.js', { type: SCRIPT, read: () => PAGE_SCRIPT }],
]);

/** Creates a handler for content that never changes while the process runs: made once, with an ETag, and again after a failure. */
function constant(type: string, read: () => string | Promise<Uint8Array<ArrayBuffer>>, headers = {}) {
  let made: Promise<{ body: Uint8Array<ArrayBuffer>; etag: string }> | undefined;
  const make = async () => {
    const body = new Uint8Array(Buffer.from(await read()));
    return { body, etag: formatEtag(createHash('sha256').update(body).digest('base64url')) };
  };
  return async (c: Context) => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    const { body, etag } = await made;
    const all = { ...headers, etag, 'cache-control': 'no-cache' };
    return isUnchanged(c, etag) ? c.body(null, 304, all) : c.body(body, 200, { ...all, 'content-type': type });
  };
}

/** Adds GET /openapi.json, /asyncapi.json and /docs, a page that renders the OpenAPI document. */
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
    constant(HTML_TYPE, () => String(renderPage(api)), { 'content-security-policy': CONTENT_SECURITY_POLICY }),
  );
  const files = new Map([...FILES].map(([name, { type, read }]) => [name, constant(type, read)]));
  app.get('/docs/:file', async (c) => {
    const file = files.get(c.req.param('file'));
    if (!file) throw new ProblemError('not-found', { detail: 'the page has no such part' });
    return file(c);
  });
}
