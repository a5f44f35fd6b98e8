import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isEncrypted } from '../domain/secret.ts';
import { createSecretCipher, KEY_LENGTH } from './secret-cipher.ts';

const [old, now, other] = [randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH)];
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('ciphertexts hide the secret, differ each time, and are decrypted with the key for the same endpoint', () => {
  const cipher = createSecretCipher([now]);
  const [encrypted, again] = [cipher.encrypt(secret, 'a'), cipher.encrypt(secret, 'a')];
  expect(encrypted).not.toContain(secret.slice('whsec_'.length));
  expect(again).not.toBe(encrypted);
  expect([cipher.decrypt(encrypted, 'a'), cipher.decrypt(again, 'a')]).toEqual([secret, secret]);
});

test.each<[string, (encrypted: string) => string, string, Buffer]>([
  ['with another key', (encrypted) => encrypted, 'a', other],
  ['for another endpoint', (encrypted) => encrypted, 'b', now],
  ['after a change', (encrypted) => encrypted.slice(0, -4) + (encrypted.endsWith('AAAA') ? 'BBBB' : 'AAAA'), 'a', now],
  ['after truncation', (encrypted) => encrypted.slice(0, 30), 'a', now],
])('a secret is not decrypted %s, and is returned unchanged', (_, changed, endpoint, key) => {
  const stored = changed(createSecretCipher([now]).encrypt(secret, 'a'));
  const cipher = createSecretCipher([key]);
  expect(cipher.decrypt(stored, endpoint)).toBe(stored);
  expect(cipher.encrypt(stored, endpoint)).toBe(stored);
  expect(cipher.needsRotation(stored, endpoint)).toBe(false);
  expect(isEncrypted(stored)).toBe(true);
});

test('the first key encrypts and each key decrypts, so keys can be rotated', () => {
  const before = createSecretCipher([old]).encrypt(secret, 'a');
  const both = createSecretCipher([now, old]);
  expect(both.decrypt(before, 'a')).toBe(secret);
  expect(both.needsRotation(before, 'a')).toBe(true);
  const after = both.encrypt(both.decrypt(before, 'a'), 'a');
  expect(both.needsRotation(after, 'a')).toBe(false);
  expect(createSecretCipher([now]).decrypt(after, 'a')).toBe(secret);
});

test('secrets stay plain without a key, and need rotation once there is one', () => {
  const none = createSecretCipher([]);
  expect([none.encrypt(secret, 'a'), none.decrypt(secret, 'a'), none.needsRotation(secret, 'a')]).toEqual([
    secret,
    secret,
    false,
  ]);
  expect(createSecretCipher([now]).needsRotation(secret, 'a')).toBe(true);
  expect(createSecretCipher([now]).decrypt(secret, 'a')).toBe(secret);
});
