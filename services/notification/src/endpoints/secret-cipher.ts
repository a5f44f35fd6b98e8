import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { ENCRYPTED_PREFIX, isEncrypted } from '../domain/secret.ts';

/** Encrypts the signing secrets of endpoints in the state store. */
export interface SecretCipher {
  /** Encrypts a secret of this endpoint with the first key. Returns the input if it is encrypted already, or if there is no key. */
  encrypt(secret: string, endpoint: string): string;
  /** Decrypts a secret of this endpoint. Returns the input if it is not encrypted, or if no key decrypts it. */
  decrypt(stored: string, endpoint: string): string;
  /** True if the secret is not encrypted with the first key, but could be. */
  needsRotation(stored: string, endpoint: string): boolean;
}

/** In bytes. */
export const KEY_LENGTH = 32;

const CIPHER = 'aes-256-gcm';
/** In bytes, as NIST SP 800-38D recommends. */
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/** A key's name, stored with each secret to select the key for decryption. The name does not reveal the key. */
const keyName = (key: Buffer): string => createHash('sha256').update(key).digest('base64url').slice(0, 12);

/** @param keys of 32 bytes: the first key encrypts, each key decrypts */
export function createSecretCipher(keys: readonly Buffer[]): SecretCipher {
  const byName = new Map(keys.map((key) => [keyName(key), key]));
  const [first] = byName;

  const decrypt: SecretCipher['decrypt'] = (stored, endpoint) => {
    if (!isEncrypted(stored)) return stored;
    const [name = '', encrypted = ''] = stored.slice(ENCRYPTED_PREFIX.length).split(':');
    const key = byName.get(name);
    return (key && decryptWith(key, Buffer.from(encrypted, 'base64url'), endpoint)) ?? stored;
  };

  return {
    encrypt(secret, endpoint) {
      if (first === undefined || isEncrypted(secret)) return secret;
      const [name, key] = first;
      const iv = randomBytes(IV_LENGTH);
      // Bound to its endpoint: write access to the store, without a key, cannot move a secret to another endpoint.
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(endpoint));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return `${ENCRYPTED_PREFIX}${name}:${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
    },

    decrypt,

    needsRotation: (stored, endpoint) =>
      first !== undefined &&
      !stored.startsWith(`${ENCRYPTED_PREFIX}${first[0]}:`) &&
      !isEncrypted(decrypt(stored, endpoint)),
  };
}

/** Undefined if the secret was encrypted with another key or for another endpoint, or has been changed. */
function decryptWith(key: Buffer, encrypted: Buffer, endpoint: string): string | undefined {
  try {
    const decipher = createDecipheriv(CIPHER, key, encrypted.subarray(0, IV_LENGTH), { authTagLength: TAG_LENGTH })
      .setAAD(Buffer.from(endpoint))
      .setAuthTag(encrypted.subarray(IV_LENGTH, IV_LENGTH + TAG_LENGTH));
    return Buffer.concat([decipher.update(encrypted.subarray(IV_LENGTH + TAG_LENGTH)), decipher.final()]).toString();
  } catch {
    return undefined;
  }
}
