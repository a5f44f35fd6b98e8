import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { newEndpoint, ROTATION_MS, rotateSecret, signingSecrets } from '../../domain/endpoint.ts';
import { newSecret } from '../../domain/secret.ts';
import { signatureHeaders } from './signature.ts';

const body = '{"type":"order.validated","data":{"name":"crème"}}';
const headersOf = (secrets: readonly string[]) => signatureHeaders({ id: 'settled-1', at: Date.now(), body }, secrets);

test('the Standard Webhooks library verifies it, and rejects another secret, body or id', () => {
  const secret = newSecret();
  expect(new Webhook(secret).verify(body, headersOf([secret]))).toEqual(JSON.parse(body));
  expect(() => new Webhook(newSecret()).verify(body, headersOf([secret]))).toThrow();
  expect(() => new Webhook(secret).verify(`${body} `, headersOf([secret]))).toThrow();
  expect(() => new Webhook(secret).verify(body, { ...headersOf([secret]), 'webhook-id': 'settled-2' })).toThrow();
});

/** Vector of the reference implementations: an independent check of the library that signs. */
test('the signature is that of the published test vector', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const content = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330_999, body: '{"test": 2432232314}' };
  expect(signatureHeaders(content, [secret])).toEqual({
    'webhook-id': content.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('attempts are signed with both secrets for a day after a rotation, then only with the new one', () => {
  const request = { url: 'https://example.com/', description: '' };
  const endpoint = rotateSecret(newEndpoint({ id: 'h', request, secret: newSecret(), now: 0 }), newSecret(), 10);
  const [now = '', before = ''] = signingSecrets(endpoint, ROTATION_MS + 9);
  for (const secret of [now, before]) new Webhook(secret).verify(body, headersOf([now, before]));
  expect(signingSecrets(endpoint, ROTATION_MS + 10)).toEqual([now]);
});

test('secrets are random, with 32 bytes, in the format of the standard', () => {
  const secrets = Array.from({ length: 50 }, newSecret);
  expect(new Set(secrets).size).toBe(50);
  for (const secret of secrets) expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
});
