import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { ATTRIBUTE_KEYS, contextOf, DURATION_BOUNDS, logger, meter, startSpan } from '../telemetry/index.ts';

const duration = meter.createHistogram('http.server.request.duration', {
  description: 'Duration of HTTP requests',
  unit: 's',
  advice: { explicitBucketBoundaries: DURATION_BOUNDS },
});

/** Without a server span: deliveries, whose spans the subscription makes, since they belong to many orders; and probes. */
const UNTRACED = /^\/(?:messages\/|healthz$|readyz$|metrics$)/;

function startServerSpan(c: Context): Span {
  const traceparent = c.req.header('traceparent');
  const tracestate = c.req.header('tracestate');
  return startSpan(c.req.method, {
    kind: SpanKind.SERVER,
    parent: contextOf(traceparent === undefined ? undefined : { traceparent, ...(tracestate && { tracestate }) }),
    attributes: { [ATTRIBUTE_KEYS.httpMethod]: c.req.method, [ATTRIBUTE_KEYS.urlPath]: c.req.path },
  });
}

function endServerSpan(span: Span, method: string, route: string, status: number): void {
  span.updateName(`${method} ${route}`);
  span.setAttributes({ [ATTRIBUTE_KEYS.httpRoute]: route, [ATTRIBUTE_KEYS.httpStatus]: status });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** The pattern of the route. Unknown paths share one value, since a metric cannot have a series for each. */
function routeOf(c: Context): string {
  const route = routePath(c, -1);
  return route === '*' || route === '/*' ? 'unknown' : route;
}

/** Middleware that records a span, a duration and, at level debug, a log line for each request. */
export const observe: MiddlewareHandler = async (c, next) => {
  const startedAt = performance.now();
  const span = UNTRACED.test(c.req.path) ? undefined : startServerSpan(c);
  if (span) await context.with(trace.setSpan(context.active(), span), next);
  else await next();
  const { method } = c.req;
  const { status } = c.res;
  const route = routeOf(c);
  const seconds = (performance.now() - startedAt) / 1_000;
  duration.record(seconds, {
    [ATTRIBUTE_KEYS.httpMethod]: method,
    [ATTRIBUTE_KEYS.httpRoute]: route,
    [ATTRIBUTE_KEYS.httpStatus]: status,
  });
  if (span) endServerSpan(span, method, route, status);
  if (logger.isLevelEnabled('debug')) logger.debug({ method, route, status, seconds }, 'request');
};
