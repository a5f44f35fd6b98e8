import type { Api } from '@standing-order/contracts';
import { type Context, Hono } from 'hono';
import { type Authenticate, guard } from '../auth/index.ts';
import { logger, metricsText, warnRateLimited } from '../telemetry/index.ts';
import { documentRoutes } from './documents.ts';
import { observe } from './observe.ts';
import { ProblemError, problemResponse } from './problem.ts';
import { UnavailableError } from './unavailable.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not; empty when ready. */
  readonly reasons: readonly string[];
}

export interface AppOptions {
  /** Asked by GET /readyz: 200 when ready, 503 with the reasons when not. */
  readiness(): Readiness;
  /** APP_API_TOKEN: what operations for the sidecar, and deliveries of messages, demand in the header dapr-api-token. */
  readonly appToken?: string | undefined;
}

/** What an application with an API of its own must say in addition. */
export interface ServiceAppOptions extends AppOptions {
  /** Who calls; undefined: nobody is asked. */
  readonly authenticate: Authenticate | undefined;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Methods that some route has for this path; middleware is registered for all methods and is none. */
const methodsOf = (app: Hono, path: string): string[] =>
  METHODS.filter((method) => app.router.match(method, path)[0].some(([[, route]]) => route.method === method));

function notFound(app: Hono, c: Context): Response {
  // To Dapr a 404 means that it may drop the message; any other failure makes it keep it.
  if (c.req.path.startsWith('/messages/')) {
    logger.error({ path: c.req.path }, 'a subscription points to a topic that this service does not handle');
    return problemResponse('unavailable', { detail: 'this service does not handle the topic' });
  }
  const allow = methodsOf(app, c.req.path);
  if (allow.length === 0) return problemResponse('not-found', { detail: `there is no ${c.req.path.slice(0, 200)}` });
  return problemResponse('method-not-allowed', { allow, detail: `${c.req.path} has ${allow.join(', ')}` });
}

function failed(error: Error, c: Context): Response {
  if (error instanceof ProblemError) return problemResponse(error.kind, error.details);
  if (error instanceof UnavailableError) {
    warnRateLimited('unavailable', { err: error }, 'a request failed for want of the sidecar');
    return problemResponse('unavailable', {
      detail: 'the sidecar, or the store behind it, does not answer now',
      retryAfter: 2,
    });
  }
  logger.error({ err: error, method: c.req.method, path: c.req.path }, 'a request failed');
  return problemResponse('internal-error');
}

/**
 * Hono with everything that is the same in every service: problems, /healthz, /readyz, /metrics, spans, measurements, and the
 * documents of its API. Every route that is added must be one of the API's operations.
 */
export function createApp(options: AppOptions): Hono;
export function createApp(options: ServiceAppOptions, api: Api): Hono;
export function createApp(
  { readiness, appToken, authenticate }: Partial<ServiceAppOptions> & AppOptions,
  api?: Api,
): Hono {
  const app = new Hono();
  app.use(observe);
  app.use(guard({ api, authenticate, appToken }));
  app.notFound((c) => notFound(app, c));
  app.onError(failed);
  app.get('/healthz', (c) => c.json({ status: 'alive' }));
  app.get('/readyz', (c) => {
    const { ready, reasons } = readiness();
    return c.json({ status: ready ? 'ready' : 'not ready', reasons }, ready ? 200 : 503);
  });
  app.get('/metrics', async () => {
    const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
    return new Response(await metricsText(), { headers });
  });
  if (api) documentRoutes(app, api, authenticate !== undefined);
  return app;
}
