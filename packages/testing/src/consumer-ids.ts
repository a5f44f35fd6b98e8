import fc from 'fast-check';

const PRINTABLE = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));

/** Subjects as issuers assign them, and ids that are awkward in keys, URLs or logs. */
export const AWKWARD_CONSUMER_IDS = [
  'auth0|5f7c8ec7c33c6c004bbafe82',
  'ada@example.com',
  'f:0b3e8c1a-9d6c-4b53-9a0e-1f6f5c0f8a11:ada',
  'system:serviceaccount:shop:checkout',
  '-Ej3Zq_x0',
  'CN=Ada Lovelace,O=Example',
  'https://issuer.example/users/7?tenant=a&b=c#d',
  'a||b',
  'a/../b',
  '%2e%2e',
  '"\\\'`<b>{}',
  '__proto__',
  `google-oauth2|${'9'.repeat(241)}`,
] as const;

/** Every valid id of a consumer. */
export const consumerIds: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...AWKWARD_CONSUMER_IDS),
  fc
    .string({ unit: fc.constantFrom(...PRINTABLE), minLength: 1, maxLength: 255 })
    .filter((id) => id.trim() === id && id !== '' && !/^\.{1,2}$/.test(id)),
);
