import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { newHook, ROTATION_MS, rotated, secretsOf } from '../../domain/endpoint.ts';
import { newSecret, signatureHeaders } from './signature.ts';

const body = '{"type":"order.validated","data":{"name":"crème"}}';
const headersOf = (secrets: readonly string[]) =>
  signatureHeaders({ id: 'settled-1', timestamp: Math.floor(Date.now() / 1_000), body }, secrets);

test("the library of Standard Webhooks accepts it, and nobody else's", () => {
  const secret = newSecret();
  expect(new Webhook(secret).verify(body, headersOf([secret]))).toEqual(JSON.parse(body));
  expect(() => new Webhook(newSecret()).verify(body, headersOf([secret]))).toThrow();
  expect(() => new Webhook(secret).verify(`${body} `, headersOf([secret]))).toThrow();
  expect(() => new Webhook(secret).verify(body, { ...headersOf([secret]), 'webhook-id': 'settled-2' })).toThrow();
});

test('for a day after a rotation both secrets are good, then only the new one', () => {
  const request = { url: 'https://example.com/', description: '' };
  const hook = rotated(newHook({ id: 'h', request, secret: newSecret(), now: 0 }), newSecret(), 10);
  const [now = '', before = ''] = secretsOf(hook, ROTATION_MS + 9);
  for (const secret of [now, before]) new Webhook(secret).verify(body, headersOf([now, before]));
  expect(secretsOf(hook, ROTATION_MS + 10)).toEqual([now]);
});

test('secrets are long, random and of the standard form', () => {
  const secrets = Array.from({ length: 50 }, newSecret);
  expect(new Set(secrets).size).toBe(50);
  for (const secret of secrets) expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
});
