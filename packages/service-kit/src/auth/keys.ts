import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose';
import { z } from 'zod';
import { httpUrl } from '../config/http-url.ts';
import { warnRateLimited } from '../telemetry/index.ts';

/** Timing of the key cache, in milliseconds. */
export interface KeyTimes {
  /** Timeout of a request to the issuer. */
  readonly timeoutMs: number;
  /** Interval in which the keys are read again, so that a withdrawn key is soon refused. */
  readonly refreshMs: number;
  /** Minimum interval between reads for tokens that name an unknown key, and after a failed read. */
  readonly cooldownMs: number;
  /** Maximum age of keys that cannot be read again. An outage of the issuer up to this length affects no caller with a known key. */
  readonly maxAgeMs: number;
}

const TIMES: KeyTimes = { timeoutMs: 3_000, refreshMs: 5 * 60_000, cooldownMs: 10_000, maxAgeMs: 60 * 60_000 };

/** The issuer's keys cannot be read, so a token can be neither accepted nor refused. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

/** The issuer, and the location of its keys. */
export interface KeysOptions {
  readonly issuer: string;
  /** URL of the key set. Undefined: the URL in the issuer's discovery document. */
  readonly jwksUrl: string | undefined;
  readonly times?: KeyTimes;
}

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/**
 * The issuer's public keys: read when first needed, cached, and refreshed in the background. A token with an unknown key triggers
 * a read at once, so the issuer may change its keys at any time. Rejects with a KeysUnavailableError when there are no keys.
 */
export function createKeys({ issuer, jwksUrl, times = TIMES }: KeysOptions): JWTVerifyGetKey {
  let remote: Promise<RemoteKeys> | undefined;
  let readAt = performance.now();
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  async function createRemote(): Promise<RemoteKeys> {
    const url = jwksUrl ?? (await discover(issuer, times.timeoutMs));
    return createRemoteJWKSet(new URL(url), {
      timeoutDuration: times.timeoutMs,
      cacheMaxAge: times.maxAgeMs,
      cooldownDuration: times.cooldownMs,
    });
  }

  /** A failed discovery is repeated for the next request. */
  function remoteKeys(): Promise<RemoteKeys> {
    remote ??= createRemote().catch((error) => {
      remote = undefined;
      throw error;
    });
    return remote;
  }

  function refreshInBackground(keys: RemoteKeys): void {
    if (performance.now() - readAt < times.refreshMs) return;
    readAt = performance.now();
    keys.reload().catch((error) => {
      warnRateLimited('keys', { err: error, issuer }, 'refreshing the keys of the issuer failed');
    });
  }

  /**
   * The key of a token. `jose` counts its cooldown from the last successful read only, so that unknown keys would cost a failing
   * issuer a read for each request. Within the cooldown after a failure the known keys are used without a read until they reach
   * their maximum age, and a token with another key can be neither accepted nor refused: its key may be new.
   */
  async function keyOf(header: JWSHeaderParameters, token: FlattenedJWSInput) {
    if (performance.now() - failedAt < times.cooldownMs) {
      const read = await remote;
      const known = read?.fresh ? read.jwks() : undefined;
      return createLocalJWKSet(known ?? { keys: [] })(header, token).catch(() => Promise.reject(failure));
    }
    const keys = await remoteKeys();
    // Keys beyond their maximum age are read before they are used. `jwks()` would copy them for each request.
    if (keys.fresh) refreshInBackground(keys);
    return keys(header, token);
  }

  /**
   * Whether the known keys have the key of the token, and it is unusable. That is no failed read: clients could start the cooldown
   * by naming the key, and keep new keys from being read.
   */
  async function isUnusable(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<boolean> {
    const read = await remote?.catch(() => undefined);
    const known = read?.fresh ? read.jwks() : undefined;
    if (known === undefined) return false;
    return createLocalJWKSet(known)(header, token).then(
      () => false,
      (error) => !isFaultOfToken(error),
    );
  }

  return async (header, token) => {
    try {
      return await keyOf(header, token);
    } catch (error) {
      if (isFaultOfToken(error) || (error !== failure && (await isUnusable(header, token)))) throw error;
      if (error !== failure) failedAt = performance.now();
      failure = error;
      throw new KeysUnavailableError('the keys of the issuer cannot be read', { cause: error });
    }
  };
}

/** The keys have none for the token, or several. */
const isFaultOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;

/** The URL of the key set, by OpenID Connect discovery. */
async function discover(issuer: string, timeoutMs: number): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`${url} responded ${response.status}`);
  const document = z.object({ issuer: z.literal(issuer), jwks_uri: httpUrl });
  return document.parse(await response.json()).jwks_uri;
}
