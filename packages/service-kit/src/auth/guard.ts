import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type Access,
  type Api,
  COMMON_OPERATIONS,
  INVOKER,
  operationsOf,
  routePattern,
} from '@standing-order/contracts';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { ProblemError } from '../http/problem.ts';
import { type Authenticate, forbidden } from './authenticate.ts';
import { setCaller, UNAUTHENTICATED_ADMIN } from './caller.ts';

/** How callers and the sidecar are authenticated. */
export interface GuardOptions {
  readonly api: Api | undefined;
  /** Undefined: authentication is off. */
  readonly authenticate: Authenticate | undefined;
  /** The token that the sidecar sends in the header dapr-api-token. Undefined: it sends none. */
  readonly appToken: string | undefined;
}

/** The header in which a sidecar names the application that invokes this one. A delivery of a message has none. */
const CALLER_APP_ID = 'dapr-caller-app-id';

/**
 * Middleware that authorises requests by the access of their operation. An undescribed route is for administrators.
 *
 * A sidecar adds the app token to every request that it forwards, also to those of other applications. So the token proves the
 * way of a request, and not its origin. Other applications may invoke the operations for the order service only, and only the
 * order service may. ADR 0073 has the limits of the header.
 */
export function guard({ api, authenticate, appToken }: GuardOptions): MiddlewareHandler {
  const operations = api ? operationsOf(api) : COMMON_OPERATIONS;
  const accesses = new Map(operations.map((one) => [`${one.method.toUpperCase()} ${routePattern(one)}`, one.access]));
  const hasAppToken = appToken === undefined ? undefined : createTokenCheck(appToken);

  function requireSidecar(c: Context): void {
    if (hasAppToken && !hasAppToken(c)) {
      throw new ProblemError('unauthorized', {
        detail: 'the header dapr-api-token is missing or invalid',
        challenge: 'dapr-api-token realm="standing-order"',
      });
    }
  }

  async function requireCaller(c: Context, access: 'client' | 'admin'): Promise<void> {
    // An application that invokes through a sidecar can remove the caller's id by naming it in the header Connection. The app
    // token stays.
    if (hasAppToken?.(c)) throw notInvocable();
    const caller = authenticate ? await authenticate(c) : UNAUTHENTICATED_ADMIN;
    if (access === 'admin' && !caller.admin) throw forbidden('administrator access is required');
    setCaller(c, caller);
  }

  return async (c, next) => {
    const access = accessTo(c, accesses);
    if (access === 'sidecar' || access === 'delivery') requireSidecar(c);
    // A caller's own header beside that of the sidecar makes a list, which is not equal either.
    const invoker = c.req.header(CALLER_APP_ID);
    if (access === 'sidecar' ? invoker !== INVOKER : invoker !== undefined) throw notInvocable();
    if (access === 'client' || access === 'admin') await requireCaller(c, access);
    return next();
  };
}

const notInvocable = () =>
  new ProblemError('forbidden', { detail: 'the calling application may not invoke this operation' });

/** The access of the matching route. Without one the response is a 404, which is public. */
function accessTo(c: Context, accesses: ReadonlyMap<string, Access>): Access | 'delivery' {
  if (c.req.path.startsWith('/messages/')) return 'delivery';
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  return route ? (accesses.get(`${route.method} ${route.path}`) ?? 'admin') : 'anyone';
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares digests, so that the duration depends neither on the content nor on the length of the token. */
function createTokenCheck(token: string): (c: Context) => boolean {
  const expected = digest(token);
  return (c) => {
    const given = c.req.header('dapr-api-token');
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}
