import type { Context } from 'hono';
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { ProblemError } from '../http/problem.ts';
import { logger, warnRateLimited } from '../telemetry/index.ts';
import { type Caller, callerFrom } from './caller.ts';
import type { AuthConfig } from './config.ts';
import { createKeys, KeysUnavailable, type KeyTimes } from './keys.ts';

/** Finds out who sent a request; rejects with the problem that it is when that cannot be told. */
export type Authenticate = (c: Context) => Promise<Caller>;

/** Signatures with a private key only: never `none`, nor one that whoever checks it could make as well. */
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

/** Clocks may differ by so many seconds. */
const SKEW_SECONDS = 30;
const RETRY_AFTER_SECONDS = 5;
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;
const REALM = 'Bearer realm="standing-order"';

const subject = z.string().min(1).max(255);

/** Callers by their bearer tokens, or undefined where nobody is asked for one; says at start which it is. */
export function createAuthenticate(config: AuthConfig, times?: KeyTimes): Authenticate | undefined {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: jwksUrl } = config;
  if (issuer === undefined || audience === undefined) {
    logger.warn('AUTH_ISSUER is not set: whoever reaches this service may do everything');
    return undefined;
  }
  logger.info({ issuer, audience }, 'callers are asked for bearer tokens');
  const keys = createKeys({ issuer, jwksUrl, ...(times && { times }) });
  const rules = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: SKEW_SECONDS, requiredClaims: ['exp'] };

  return async (c) => {
    const header = c.req.header('authorization');
    if (header === undefined)
      throw new ProblemError('unauthorized', { detail: 'a bearer token is needed', challenge: REALM });
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) throw invalidToken('the Authorization header holds no bearer token');
    try {
      const { payload } = await jwtVerify(token, keys, rules);
      const sub = subject.safeParse(payload.sub);
      if (!sub.success) throw invalidToken('the token has no subject');
      return callerFrom({ ...payload, sub: sub.data }, config);
    } catch (error) {
      throw problemOf(error);
    }
  };
}

/** The answer to whoever is known and may not do this. */
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

function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof KeysUnavailable) {
    warnRateLimited('keys', { err: error.cause }, 'a request was refused for want of the keys of the issuer');
    return new ProblemError('unavailable', {
      detail: 'the issuer of the tokens cannot be asked for its keys now',
      dependencies: ['issuer'],
      retryAfter: RETRY_AFTER_SECONDS,
    });
  }
  // What is no fault of a token is one of the key: too short, for instance. That should be seen.
  if (!(error instanceof errors.JOSEError)) warnRateLimited('token', { err: error }, 'a token could not be verified');
  return invalidToken(faultOf(error));
}

function faultOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `the token has no claim ${error.claim}`
      : `the claim ${error.claim} of the token does not fit`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the algorithm of the token is not allowed';
  if (error instanceof errors.JWKSNoMatchingKey) return 'the token is signed with a key that the issuer does not show';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of the token is wrong';
  return 'the token cannot be verified';
}
