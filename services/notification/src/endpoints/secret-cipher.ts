import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** What seals the secrets of webhooks before they are stored, and opens them again. */
export interface Vault {
  /** Seals a secret for one webhook with the first key. As it is: what is sealed already, and everything when there is no key. */
  seal(secret: string, webhook: string): string;
  /** Opens what was sealed for this webhook. As it is: what is not sealed, and what none of the keys opens. */
  open(stored: string, webhook: string): string;
  /** Whether what is stored could be sealed with the first key, and is not. */
  isDated(stored: string, webhook: string): boolean;
}

/** In bytes. */
export const KEY_LENGTH = 32;

const CIPHER = 'aes-256-gcm';
/** In bytes; as NIST SP 800-38D recommends. */
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/** In front of what is sealed: `sealed:1:{key}:{IV, tag and text in base64url}`. No secret of a webhook starts like this. */
const SEALED = 'sealed:1:';

export const isSealed = (secret: string): boolean => secret.startsWith(SEALED);

/** Names a key without telling it, so that it is known which one to open with. */
const nameOf = (key: Buffer): string => createHash('sha256').update(key).digest('base64url').slice(0, 12);

/** @param keys of 32 bytes; the first seals, each of them opens */
export function createVault(keys: readonly Buffer[]): Vault {
  const byName = new Map(keys.map((key) => [nameOf(key), key]));
  const [first] = byName;

  const open: Vault['open'] = (stored, webhook) => {
    if (!isSealed(stored)) return stored;
    const [name = '', sealed = ''] = stored.slice(SEALED.length).split(':');
    const key = byName.get(name);
    return (key && opened(Buffer.from(sealed, 'base64url'), key, webhook)) ?? stored;
  };

  return {
    seal(secret, webhook) {
      if (first === undefined || isSealed(secret)) return secret;
      const [name, key] = first;
      const iv = randomBytes(IV_LENGTH);
      // Bound to its webhook: who can write to the store, but has no key, cannot give one webhook the secret of another.
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(webhook));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return `${SEALED}${name}:${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
    },

    open,

    isDated: (stored, webhook) =>
      first !== undefined && !stored.startsWith(`${SEALED}${first[0]}:`) && !isSealed(open(stored, webhook)),
  };
}

/** Undefined when it was sealed with another key, for another webhook, or has been changed. */
function opened(sealed: Buffer, key: Buffer, webhook: string): string | undefined {
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_LENGTH), { authTagLength: TAG_LENGTH })
      .setAAD(Buffer.from(webhook))
      .setAuthTag(sealed.subarray(IV_LENGTH, IV_LENGTH + TAG_LENGTH));
    return Buffer.concat([decipher.update(sealed.subarray(IV_LENGTH + TAG_LENGTH)), decipher.final()]).toString();
  } catch {
    return undefined;
  }
}
