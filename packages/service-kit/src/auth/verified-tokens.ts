import { hash } from 'node:crypto';
import type { JWTHeaderParameters, JWTVerifyGetKey } from 'jose';
import type { Caller } from './caller.ts';

/** Maximum number of tokens; the one that was not used for longest is removed. An entry takes less than 1 KiB. */
export const MAX_VERIFIED_TOKENS = 1_000;

/** A token that was verified with this key. */
export interface VerifiedToken {
  readonly header: JWTHeaderParameters;
  readonly key: unknown;
  readonly caller: Caller;
}

/** Tokens that were verified before. */
export interface VerifiedTokens {
  /**
   * The caller of a token that was verified before, if it has not expired and the issuer's key is still the same. Rejects as
   * `keys` does. Undefined: verify the token.
   */
  callerOf(token: string): Promise<Caller | undefined>;
  add(token: string, verified: VerifiedToken): void;
}

/**
 * Saves the verification of a signature for each request: a tenth of the processor time while one caller sends hundreds of requests
 * per second. The key is looked up each time, so a withdrawn or too old key is refused as without this cache.
 */
export function createVerifiedTokens(keys: JWTVerifyGetKey): VerifiedTokens {
  /** By the hash of the token, the last used one at the end. */
  const tokens = new Map<string, VerifiedToken>();
  const idOf = (token: string): string => hash('sha256', token, 'base64');
  return {
    async callerOf(token) {
      const id = idOf(token);
      const verified = tokens.get(id);
      if (verified === undefined) return undefined;
      const { header, key, caller } = verified;
      tokens.delete(id);
      // An expired token is verified once more, for its error and for the tolerated difference of clocks.
      if (caller.endsAt === undefined || caller.endsAt <= Date.now()) return undefined;
      tokens.set(id, verified);
      if ((await keys(header, { payload: '', signature: '' })) === key) return caller;
      tokens.delete(id);
      return undefined;
    },
    add(token, verified) {
      tokens.set(idOf(token), verified);
      const [oldest] = tokens.keys();
      if (tokens.size > MAX_VERIFIED_TOKENS && oldest !== undefined) tokens.delete(oldest);
    },
  };
}
