import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Token } from '@standing-order/outbox';
import type { MessageChannel } from './document-handler.ts';

/** Why the token of a reply does not count. */
export type TokenFault = 'unsigned' | 'forged';

/** Binds the token of a command to its order and channel, so that only the receiver of the command can reply (ADR 0074). */
export interface TokenSigner {
  /** The token with a signature, as the command carries it. */
  sign(token: Token, orderId: string, channel: MessageChannel): Token;
  /** The token of a reply without its signature, or why it is not the token of a command of this order on this channel. */
  verify(
    token: Token,
    orderId: string,
    channel: MessageChannel,
  ): { readonly token: Token } | { readonly fault: TokenFault };
}

export interface TokenSignerOptions {
  /** Whether an unsigned token is a fault. Default true. */
  readonly required?: boolean;
}

/** In bytes. */
export const KEY_LENGTH = 32;

/** HMAC-SHA-256 is truncated to this many bytes, half of its length, as RFC 2104 recommends at least. */
const SIGNATURE_LENGTH = 16;

/** Between writer and signature. Names of writers have no dots. */
const SEPARATOR = '.';

/**
 * The signature is part of `w`: every version of every receiver returns this string unchanged, but removes unknown fields.
 *
 * @param keys the first key signs, each key verifies
 */
export function createTokenSigner(keys: readonly Buffer[], { required = true }: TokenSignerOptions = {}): TokenSigner {
  // A Buffer would become a KeyObject for each signature, which takes several times as long as the signature (ADR 0110).
  const secrets = keys.map((key) => createSecretKey(key));
  const [first] = secrets;
  if (first === undefined) throw new Error('a token signer needs at least one key');

  return {
    sign(token, orderId, channel) {
      // A replica of a version that does not verify stores the token with its signature.
      const { bare } = split(token);
      return { ...bare, w: `${bare.w}${SEPARATOR}${signatureOf(first, bare, orderId, channel)}` };
    },

    verify(token, orderId, channel) {
      const { bare, signature } = split(token);
      if (signature === undefined) return required ? { fault: 'unsigned' } : { token: bare };
      const genuine = secrets.some((key) => isEqual(signature, signatureOf(key, bare, orderId, channel)));
      return genuine ? { token: bare } : { fault: 'forged' };
    },
  };
}

function split({ w, a, t }: Token): { readonly bare: Token; readonly signature: string | undefined } {
  const at = w.indexOf(SEPARATOR);
  return at === -1
    ? { bare: { w, a, t }, signature: undefined }
    : { bare: { w: w.slice(0, at), a, t }, signature: w.slice(at + 1) };
}

function signatureOf(key: KeyObject, { w, a, t }: Token, orderId: string, channel: MessageChannel): string {
  // Six decimals: Dapr's Redis state store keeps no more, and a receiver may store the token there before it replies.
  const signed = JSON.stringify(['standing-order/token', orderId, channel, w, a, t.toFixed(6)]);
  return createHmac('sha256', key).update(signed).digest().subarray(0, SIGNATURE_LENGTH).toString('base64url');
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
