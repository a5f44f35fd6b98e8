import type { Api } from '@standing-order/contracts';
import { type Context, Hono } from 'hono';
import { type Authenticate, guard } from '../auth/index.ts';
import { logger, meter, metricsText, warnRateLimited } from '../telemetry/index.ts';
import { documentRoutes } from './documents.ts';
import { observe } from './observe.ts';
import { ProblemError, problemResponse } from './problem.ts';
import { UnavailableError } from './unavailable.ts';

/** Whether a service can serve requests. */
export interface Readiness {
  readonly ready: boolean;
  /** The reasons if not; empty when ready. */
  readonly reasons: readonly string[];
}

/** The options of every application. */
export interface AppOptions {
  /** Called by GET /readyz: 200 when ready, 503 with the reasons when not. */
  readiness(): Readiness;
  /** APP_API_TOKEN: required in the header dapr-api-token of the sidecar's operations and message deliveries. */
  readonly appToken?: string | undefined;
}

/** The further options of an application with an API. */
export interface ServiceAppOptions extends AppOptions {
  /** Undefined: authentication is off. */
  readonly authenticate: Authenticate | undefined;
}

const CLIENT_CLOSED_REQUEST = 499;
const aborted = meter.createCounter('http.server.aborted_requests', {
  description: 'Requests whose client closed the connection before the response',
});

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The methods of the routes with this path. Middleware is registered for all methods and does not count. */
const methodsOf = (app: Hono, path: string): string[] =>
  METHODS.filter((method) => app.router.match(method, path)[0].some(([[, route]]) => route.method === method));

function notFound(app: Hono, c: Context): Response {
  // After a 404 Dapr drops the message; after any other failure it keeps the message.
  if (c.req.path.startsWith('/messages/')) {
    logger.error({ path: c.req.path }, 'a subscription delivers a topic that this service does not handle');
    return problemResponse('unavailable', { detail: 'this service does not handle the topic' });
  }
  const allow = methodsOf(app, c.req.path);
  if (allow.length === 0) return problemResponse('not-found', { detail: `${c.req.path.slice(0, 200)} does not exist` });
  return problemResponse('method-not-allowed', { allow, detail: `${c.req.path} supports ${allow.join(', ')}` });
}

function errorResponse(error: Error, c: Context): Response {
  if (error instanceof ProblemError) return problemResponse(error.kind, error.details);
  if (error instanceof UnavailableError) {
    warnRateLimited('unavailable', { err: error }, 'a request failed because the sidecar is unavailable');
    return problemResponse('unavailable', {
      detail: 'the sidecar or its state store is not available',
      retryAfter: 2,
    });
  }
  if (c.req.raw.signal.aborted) {
    aborted.add(1);
    logger.debug({ err: error, method: c.req.method, path: c.req.path }, 'the client closed the connection');
    // Never received; the status of the metrics is nginx's for this case.
    return new Response(null, { status: CLIENT_CLOSED_REQUEST });
  }
  logger.error({ err: error, method: c.req.method, path: c.req.path }, 'request failed');
  return problemResponse('internal-error');
}

/**
 * Hono with the parts that all services have: problem responses, /healthz, /readyz, /metrics, spans, request metrics, and the
 * documents of the API. Every route that is added must be one of the API's operations.
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
  app.onError(errorResponse);
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
