import type { Context } from 'hono';
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { ProblemError } from '../http/problem.ts';
import { logger, warnRateLimited } from '../telemetry/index.ts';
import { type Caller, callerFrom } from './caller.ts';
import type { AuthConfig } from './config.ts';
import { createKeys, KeysUnavailableError, type KeyTimes } from './keys.ts';
import { createVerifiedTokens } from './verified-tokens.ts';

/** Identifies the caller of a request. Rejects with a ProblemError when it cannot. */
export type Authenticate = (c: Context) => Promise<Caller>;

/** Algorithms with a private key only: neither `none` nor a symmetric one, which every verifier could sign with. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Tolerated difference between the clocks of issuer and service. */
const CLOCK_TOLERANCE_SECONDS = 30;
const RETRY_AFTER_SECONDS = 5;
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;
const REALM = 'Bearer realm="standing-order"';

const subject = z.string().min(1).max(255);

/** Identifies callers by their bearer tokens. Undefined when authentication is off. Logs at startup which of the two it is. */
export function createAuthenticate(config: AuthConfig, times?: KeyTimes): Authenticate | undefined {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: jwksUrl } = config;
  if (issuer === undefined || audience === undefined) {
    logger.warn(
      'authentication is off: every caller has full access; set AUTH_ISSUER and AUTH_AUDIENCE to require bearer tokens',
    );
    return undefined;
  }
  logger.info({ issuer, audience }, 'authentication is on: bearer tokens are required');
  const keys = createKeys({ issuer, jwksUrl, ...(times && { times }) });
  const verified = createVerifiedTokens(keys);
  const requirements = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['exp'],
  };

  return async (c) => {
    const header = c.req.header('authorization');
    if (header === undefined)
      throw new ProblemError('unauthorized', { detail: 'a bearer token is required', challenge: REALM });
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) throw invalidToken('the Authorization header does not contain a bearer token');
    try {
      const known = await verified.callerOf(token);
      if (known !== undefined) return known;
      const { payload, protectedHeader, key } = await jwtVerify(token, keys, requirements);
      const sub = subject.safeParse(payload.sub);
      if (!sub.success) throw invalidToken('the token has no subject');
      const caller = callerFrom({ ...payload, sub: sub.data }, config);
      verified.add(token, { header: protectedHeader, key, caller });
      return caller;
    } catch (error) {
      throw problemFor(error);
    }
  };
}

/** The problem for a caller that is authenticated and not authorised. */
export const forbidden = (detail: string): ProblemError =>
  new ProblemError('forbidden', {
    detail,
    challenge: `${REALM}, error="insufficient_scope", error_description="${detail}"`,
  });

const invalidToken = (detail: string): ProblemError =>
  new ProblemError('unauthorized', {
    detail,
    challenge: `${REALM}, error="invalid_token", error_description="${detail}"`,
  });

function problemFor(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof KeysUnavailableError) {
    warnRateLimited(
      'keys',
      { err: error.cause },
      'a request was refused because the keys of the issuer are unavailable',
    );
    return new ProblemError('unavailable', {
      detail: 'the keys of the token issuer are unavailable',
      dependencies: ['issuer'],
      retryAfter: RETRY_AFTER_SECONDS,
    });
  }
  // Any other error is a fault of the key, such as its length, and belongs into the log.
  if (!(error instanceof errors.JOSEError)) warnRateLimited('token', { err: error }, 'verifying a token failed');
  return invalidToken(describeFault(error));
}

function describeFault(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `the token has no claim ${error.claim}`
      : `the token has an invalid claim ${error.claim}`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the signature algorithm of the token is not allowed';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'the token is signed with a key that the issuer does not publish';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of the token is invalid';
  return 'the token cannot be verified';
}
