import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createVault, isSealed, KEY_LENGTH } from './secret-cipher.ts';

const [old, now, other] = [randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH), randomBytes(KEY_LENGTH)];
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('what is sealed tells nothing, is never the same twice, and is opened by its key for its webhook', () => {
  const vault = createVault([now]);
  const [sealed, again] = [vault.seal(secret, 'a'), vault.seal(secret, 'a')];
  expect(sealed).not.toContain(secret.slice('whsec_'.length));
  expect(again).not.toBe(sealed);
  expect([vault.open(sealed, 'a'), vault.open(again, 'a')]).toEqual([secret, secret]);
});

test.each<[string, (sealed: string) => string, string, Buffer]>([
  ['with another key', (sealed) => sealed, 'a', other],
  ['for another webhook', (sealed) => sealed, 'b', now],
  ['when it was changed', (sealed) => sealed.slice(0, -4) + (sealed.endsWith('AAAA') ? 'BBBB' : 'AAAA'), 'a', now],
  ['when it was cut off', (sealed) => sealed.slice(0, 30), 'a', now],
])('it is not opened %s, and stays as it is', (_, changed, webhook, key) => {
  const stored = changed(createVault([now]).seal(secret, 'a'));
  const vault = createVault([key]);
  expect(vault.open(stored, webhook)).toBe(stored);
  expect(vault.seal(stored, webhook)).toBe(stored);
  expect(vault.isDated(stored, webhook)).toBe(false);
  expect(isSealed(stored)).toBe(true);
});

test('keys are changed one after the other: the first one seals, all of them open', () => {
  const before = createVault([old]).seal(secret, 'a');
  const both = createVault([now, old]);
  expect(both.open(before, 'a')).toBe(secret);
  expect(both.isDated(before, 'a')).toBe(true);
  const after = both.seal(both.open(before, 'a'), 'a');
  expect(both.isDated(after, 'a')).toBe(false);
  expect(createVault([now]).open(after, 'a')).toBe(secret);
});

test('without a key secrets are left as they are, and with the first key they are dated', () => {
  const none = createVault([]);
  expect([none.seal(secret, 'a'), none.open(secret, 'a'), none.isDated(secret, 'a')]).toEqual([secret, secret, false]);
  expect(createVault([now]).isDated(secret, 'a')).toBe(true);
  expect(createVault([now]).open(secret, 'a')).toBe(secret);
});
