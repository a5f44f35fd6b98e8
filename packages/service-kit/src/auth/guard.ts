import { createHash, timingSafeEqual } from 'node:crypto';
import { type Access, type Api, COMMON_OPERATIONS, operationsOf, routePattern } from '@standing-order/contracts';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { ProblemError } from '../http/problem.ts';
import { type Authenticate, forbidden } from './authenticate.ts';
import { setCaller, UNAUTHENTICATED_ADMIN } from './caller.ts';

export interface GuardOptions {
  readonly api: Api | undefined;
  /** Undefined: nobody is asked who they are. */
  readonly authenticate: Authenticate | undefined;
  /** What the sidecar shows in the header dapr-api-token; undefined: nothing. */
  readonly appToken: string | undefined;
}

/** Lets through whom the operation is for, as its API says. What no API describes is for admins. */
export function guard({ api, authenticate, appToken }: GuardOptions): MiddlewareHandler {
  const operations = api ? operationsOf(api) : COMMON_OPERATIONS;
  const accesses = new Map(operations.map((one) => [`${one.method.toUpperCase()} ${routePattern(one)}`, one.access]));
  const demandToken = appToken === undefined ? () => {} : tokenDemander(appToken);

  async function demandCaller(c: Context, access: 'client' | 'admin'): Promise<void> {
    const caller = authenticate ? await authenticate(c) : UNAUTHENTICATED_ADMIN;
    if (access === 'admin' && !caller.admin) throw forbidden('this is for admins');
    setCaller(c, caller);
  }

  return async (c, next) => {
    const access = accessTo(c, accesses);
    if (access === 'sidecar') demandToken(c);
    else if (access === 'client' || access === 'admin') await demandCaller(c, access);
    return next();
  };
}

/** Of the route that will answer; where there is none, of a 404, which is for anyone. */
function accessTo(c: Context, accesses: ReadonlyMap<string, Access>): Access {
  if (c.req.path.startsWith('/messages/')) return 'sidecar';
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  return route ? (accesses.get(`${route.method} ${route.path}`) ?? 'admin') : 'anyone';
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares digests, so that neither the content nor the length of the token shows in the time it takes. */
function tokenDemander(token: string): (c: Context) => void {
  const wanted = digest(token);
  return (c) => {
    if (timingSafeEqual(digest(c.req.header('dapr-api-token') ?? ''), wanted)) return;
    throw new ProblemError('unauthorized', {
      detail: 'dapr-api-token is missing or wrong',
      challenge: 'dapr-api-token realm="standing-order"',
    });
  };
}
