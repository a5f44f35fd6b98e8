import { createHash, timingSafeEqual } from 'node:crypto';
import { type Access, type Api, COMMON_OPERATIONS, operationsOf, routePattern } from '@standing-order/contracts';
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

/** Middleware that authorises requests by the access of their operation. An undescribed route is for administrators. */
export function guard({ api, authenticate, appToken }: GuardOptions): MiddlewareHandler {
  const operations = api ? operationsOf(api) : COMMON_OPERATIONS;
  const accesses = new Map(operations.map((one) => [`${one.method.toUpperCase()} ${routePattern(one)}`, one.access]));
  const requireToken = appToken === undefined ? () => {} : createTokenCheck(appToken);

  async function requireCaller(c: Context, access: 'client' | 'admin'): Promise<void> {
    const caller = authenticate ? await authenticate(c) : UNAUTHENTICATED_ADMIN;
    if (access === 'admin' && !caller.admin) throw forbidden('administrator access is required');
    setCaller(c, caller);
  }

  return async (c, next) => {
    const access = accessTo(c, accesses);
    if (access === 'sidecar') requireToken(c);
    else if (access === 'client' || access === 'admin') await requireCaller(c, access);
    return next();
  };
}

/** The access of the matching route. Without one the response is a 404, which is public. */
function accessTo(c: Context, accesses: ReadonlyMap<string, Access>): Access {
  if (c.req.path.startsWith('/messages/')) return 'sidecar';
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  return route ? (accesses.get(`${route.method} ${route.path}`) ?? 'admin') : 'anyone';
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares digests, so that the duration depends neither on the content nor on the length of the token. */
function createTokenCheck(token: string): (c: Context) => void {
  const expected = digest(token);
  return (c) => {
    if (timingSafeEqual(digest(c.req.header('dapr-api-token') ?? ''), expected)) return;
    throw new ProblemError('unauthorized', {
      detail: 'the header dapr-api-token is missing or invalid',
      challenge: 'dapr-api-token realm="standing-order"',
    });
  };
}
