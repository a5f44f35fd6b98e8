import type { Context } from 'hono';
import type { JWTPayload } from 'jose';
import type { AuthConfig } from './config.ts';

/** The client that sent a request. */
export interface Caller {
  /** Namespace of the client's Idempotency-Keys. */
  readonly client: string;
  /** Whether the client has full access. */
  readonly admin: boolean;
  /** The id of the consumer that the client is, if it is one. */
  readonly consumer: string | undefined;
  /** Expiry of the token, as Unix time in milliseconds. */
  readonly endsAt?: number | undefined;
}

/** The caller of every request when authentication is off. */
export const UNAUTHENTICATED_ADMIN: Caller = { client: 'anonymous', admin: true, consumer: undefined };

/** Whether the caller may place, read and follow this consumer's orders. */
export const mayActFor = ({ admin, consumer }: Caller, consumerId: string): boolean => admin || consumer === consumerId;

const KEY = 'caller';

/** Attaches the caller to a request. */
export const setCaller = (c: Context, caller: Caller): void => c.set(KEY, caller);

/** The caller of this request. @throws on a route without authentication */
export function callerOf(c: Context): Caller {
  const caller = c.get(KEY) as Caller | undefined;
  if (caller === undefined) throw new Error(`${c.req.method} ${c.req.path} has no caller`);
  return caller;
}

/** The caller, if a token identifies it. Without authentication, and for operations of the sidecar, all callers look the same: undefined. */
export function identifiedCaller(c: Context): Caller | undefined {
  const caller = c.get(KEY) as Caller | undefined;
  return caller === UNAUTHENTICATED_ADMIN ? undefined : caller;
}

/** A claim by its name, or by a path with dots. */
function claimAt(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split('.').reduce<unknown>((found, part) => {
    return typeof found === 'object' && found !== null && Object.hasOwn(found, part)
      ? (found as Record<string, unknown>)[part]
      : undefined;
  }, claims);
}

/** The roles in a claim: a list, or one string with spaces as for scopes. */
function rolesIn(claim: unknown): unknown[] {
  if (Array.isArray(claim)) return claim;
  return typeof claim === 'string' ? claim.split(' ') : [];
}

/** The caller with these token claims. Pure. */
export function callerFrom(
  claims: JWTPayload & { readonly sub: string },
  config: Pick<AuthConfig, 'AUTH_CONSUMER_CLAIM' | 'AUTH_ROLES_CLAIM' | 'AUTH_ADMIN_ROLE'>,
): Caller {
  const consumer = claimAt(claims, config.AUTH_CONSUMER_CLAIM);
  return {
    client: `subject:${claims.sub}`,
    admin: rolesIn(claimAt(claims, config.AUTH_ROLES_CLAIM)).includes(config.AUTH_ADMIN_ROLE),
    consumer: typeof consumer === 'string' ? consumer : undefined,
    endsAt: claims.exp === undefined ? undefined : claims.exp * 1_000,
  };
}
