import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { warnRateLimited } from '../telemetry/index.ts';

/** In milliseconds. */
export interface KeyTimes {
  /** An answer of the issuer takes no longer. */
  readonly withinMs: number;
  /** So often the keys are read anew, so that a key that was withdrawn is soon worth nothing. */
  readonly refreshMs: number;
  /** A key that is not known is looked for at most so often, whoever sends tokens that name one. */
  readonly lookEveryMs: number;
}

const TIMES: KeyTimes = { withinMs: 3_000, refreshMs: 5 * 60_000, lookEveryMs: 10_000 };

/** So long keys count that cannot be read anew: the issuer may be down for as long and nobody notices. */
const TRUSTED_MS = 60 * 60_000;

/** The issuer cannot be asked for its keys: it is not known whether a token is good. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface KeysOptions {
  readonly issuer: string;
  /** Where the keys are; undefined: where the issuer's discovery document says. */
  readonly jwksUrl: string | undefined;
  readonly times?: KeyTimes;
}

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/**
 * The issuer's public keys: read when first needed, kept, and read anew in the background. A token that names a key that is
 * not known has them read at once, so that the issuer may change its keys at any time. Rejects with KeysUnavailable when there
 * are none to go by.
 */
export function createKeys({ issuer, jwksUrl, times = TIMES }: KeysOptions): JWTVerifyGetKey {
  let remote: Promise<RemoteKeys> | undefined;
  let readAt = performance.now();

  async function find(): Promise<RemoteKeys> {
    const url = jwksUrl ?? (await discover(issuer, times.withinMs));
    return createRemoteJWKSet(new URL(url), {
      timeoutDuration: times.withinMs,
      cacheMaxAge: TRUSTED_MS,
      cooldownDuration: times.lookEveryMs,
    });
  }

  /** A discovery that failed is tried again by whoever comes next. */
  function found(): Promise<RemoteKeys> {
    remote ??= find().catch((error) => {
      remote = undefined;
      throw error;
    });
    return remote;
  }

  function refreshBehind(keys: RemoteKeys): void {
    if (performance.now() - readAt < times.refreshMs) return;
    readAt = performance.now();
    keys.reload().catch((error) => {
      warnRateLimited('keys', { err: error, issuer }, 'the keys of the issuer could not be read anew');
    });
  }

  return async (header, token) => {
    try {
      const keys = await found();
      if (keys.jwks()) refreshBehind(keys);
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new KeysUnavailable('the keys of the issuer cannot be read', { cause: error });
    }
  };
}

/** Where OpenID Connect discovery says that the keys are. */
async function discover(issuer: string, withinMs: number): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(withinMs) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const document = z.object({ issuer: z.literal(issuer), jwks_uri: z.url({ protocol: /^https?$/ }) });
  return document.parse(await response.json()).jwks_uri;
}
