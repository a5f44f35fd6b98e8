import { randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new signing secret in the format of Standard Webhooks. */
export const newSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/**
 * Marks an encrypted secret: `sealed:1:{key name}:{IV, tag and ciphertext in base64url}`. The prefix differs from that of a signing
 * secret. It is part of the stored format.
 */
export const ENCRYPTED_PREFIX = 'sealed:1:';

export const isEncrypted = (secret: string): boolean => secret.startsWith(ENCRYPTED_PREFIX);
