import type { Context } from 'hono';
import type { JWTPayload } from 'jose';
import type { AuthConfig } from './config.ts';

/** Whoever sent a request. */
export interface Caller {
  /** Whose Idempotency-Keys its are. */
  readonly client: string;
  /** Whether it may do everything. */
  readonly admin: boolean;
  /** The consumer that it is, if it is one. */
  readonly consumer: string | undefined;
  /** When its token ends, as Unix time in milliseconds. */
  readonly endsAt?: number | undefined;
}

/** Whoever sent a request where nobody is asked who they are. */
export const UNAUTHENTICATED_ADMIN: Caller = { client: 'anonymous', admin: true, consumer: undefined };

/** Whether it may place, see and hear of this consumer's orders. */
export const mayActFor = ({ admin, consumer }: Caller, consumerId: string): boolean => admin || consumer === consumerId;

const KEY = 'caller';

export const setCaller = (c: Context, caller: Caller): void => c.set(KEY, caller);

/** Who sent this request. Throws on a route that does not ask. */
export function callerOf(c: Context): Caller {
  const caller = c.get(KEY) as Caller | undefined;
  if (caller === undefined) throw new Error(`${c.req.method} ${c.req.path} does not know who calls`);
  return caller;
}

/** A claim by its name or, where names have dots in between, by its path. */
function claimAt(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split('.').reduce<unknown>((found, part) => {
    return typeof found === 'object' && found !== null && Object.hasOwn(found, part)
      ? (found as Record<string, unknown>)[part]
      : undefined;
  }, claims);
}

/** Roles come as a list, or in one string with spaces, as scopes do. */
function rolesIn(claim: unknown): unknown[] {
  if (Array.isArray(claim)) return claim;
  return typeof claim === 'string' ? claim.split(' ') : [];
}

/** Who a token with these claims speaks for. Pure. */
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
