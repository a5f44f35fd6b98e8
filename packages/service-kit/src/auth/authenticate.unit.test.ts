import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AUDIENCE, startTestIssuer, type TestIssuer } from '@standing-order/testing/test-issuer';
import { Hono } from 'hono';
import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ProblemError, problemResponse } from '../http/problem.ts';
import { createAuthenticate } from './authenticate.ts';
import type { AuthConfig } from './config.ts';
import type { KeyTimes } from './keys.ts';
import { MAX_VERIFIED_TOKENS } from './verified-tokens.ts';

let issuer: TestIssuer;
beforeEach(async () => {
  issuer = await startTestIssuer();
});
afterEach(() => issuer.close());

const times: KeyTimes = { timeoutMs: 10_000, refreshMs: 60_000, cooldownMs: 0, maxAgeMs: 60_000 };
const SOON = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

/** Requests the caller of a token. */
function service(config: Partial<AuthConfig> = {}, others: Partial<KeyTimes> = {}) {
  const authenticate = createAuthenticate(
    {
      AUTH_ISSUER: issuer.url,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_CONSUMER_CLAIM: 'sub',
      AUTH_ROLES_CLAIM: 'roles',
      AUTH_ADMIN_ROLE: 'admin',
      ...config,
    },
    { ...times, ...others },
  );
  const app = new Hono();
  app.onError((error) => {
    if (error instanceof ProblemError) return problemResponse(error.kind, error.details);
    throw error;
  });
  app.get('/', async (c) => c.json((await authenticate?.(c)) ?? null));
  return (token: string | undefined) =>
    app.request('/', { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
}

const seconds = (offset: number) => Math.floor(Date.now() / 1_000) + offset;

test('authentication is off without an issuer', () => {
  expect(createAuthenticate({ AUTH_CONSUMER_CLAIM: 'sub', AUTH_ROLES_CLAIM: 'roles', AUTH_ADMIN_ROLE: 'admin' })).toBe(
    undefined,
  );
});

test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('accepts a token signed with %s', async (algorithm) => {
  await issuer.useKey('k', algorithm);
  const response = await service()(await issuer.token());
  expect([response.status, await response.json()]).toEqual([
    200,
    { client: 'subject:ada', admin: false, consumer: 'ada', endsAt: expect.any(Number) },
  ]);
});

test.each<[string, Record<string, unknown>, number]>([
  ['another issuer', { iss: 'https://elsewhere.example' }, 401],
  ['no issuer', { iss: undefined }, 401],
  ['another audience', { aud: 'another-api' }, 401],
  ['no audience', { aud: undefined }, 401],
  ['several audiences, one of them right', { aud: ['another-api', AUDIENCE] }, 200],
  ['an expiry in the past', { exp: seconds(-60) }, 401],
  ['an expiry in the past, within the clock tolerance', { exp: seconds(-10) }, 200],
  ['no expiry', { exp: undefined }, 401],
  ['a start in the future', { nbf: seconds(60) }, 401],
  ['a start in the future, within the clock tolerance', { nbf: seconds(10) }, 200],
  ['no subject', { sub: undefined }, 401],
  ['an empty subject', { sub: '' }, 401],
  ['a subject that is not text', { sub: 7 }, 401],
  ['a subject that is too long', { sub: 'a'.repeat(256) }, 401],
])('a token with %s is answered as expected', async (_, claims, status) => {
  const response = await service()(await issuer.token(claims));
  expect(response.status).toBe(status);
  if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/error="invalid_token", error_descr/);
});

test('a request without a token is answered 401 with only the challenge', async () => {
  const response = await service()(undefined);
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="standing-order"']);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});

test.each(['', 'abc', 'a.b.c', 'a b', `${'x'.repeat(5_000)}.y.z`])('refuses %j as a token', async (text) => {
  expect((await service()(text)).status).toBe(401);
});

test('refuses a token without a signature, or with a symmetric one', async () => {
  const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'ada' };
  const unsigned = new UnsecuredJWT(claims).setExpirationTime('5m').encode();
  expect((await service()(unsigned)).status).toBe(401);

  const { publicKey } = await generateKeyPair('RS256', { extractable: true });
  const secret = new TextEncoder().encode(await exportSPKI(publicKey));
  const symmetric = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'first' }).setExpirationTime('5m');
  const response = await service()(await symmetric.sign(secret));
  expect(response.headers.get('www-authenticate')).toContain('the signature algorithm of the token is not allowed');
});

test('refuses a token that names a known key and is signed with another', async () => {
  const ask = service();
  expect((await ask(await issuer.token())).status).toBe(200);
  await issuer.useKey('first', 'ES256', { keep: true, secretly: true });
  const response = await ask(await issuer.token());
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('the signature of the token is invalid'),
  ]);
});

test('reads the keys once for many requests, by discovery or from the given URL', async () => {
  const token = await issuer.token();
  const ask = service();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(token)));
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
  expect(issuer.reads()).toBe(1);
  expect((await service({ AUTH_JWKS_URL: `${issuer.url}/keys` })(token)).status).toBe(200);
});

test('refuses a discovery document of another issuer', async () => {
  const response = await service({ AUTH_ISSUER: `${issuer.url}/` })(await issuer.token());
  expect(response.status).toBe(503);
});

test('accepts a new key of the issuer at once', async () => {
  const ask = service();
  expect((await ask(await issuer.token())).status).toBe(200);
  await issuer.useKey('second', 'ES256', { keep: true });
  expect((await ask(await issuer.token())).status).toBe(200);
});

test('limits the reads for tokens that name unknown keys', async () => {
  const ask = service({}, { cooldownMs: 60_000 });
  expect((await ask(await issuer.token())).status).toBe(200);
  await issuer.useKey('unknown', 'ES256', { keep: true, secretly: true });
  const token = await issuer.token();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(token)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(401));
  expect(issuer.reads()).toBe(1);
});

test('limits the reads of a failing issuer, for unknown and for known keys', async () => {
  const ask = service({}, { cooldownMs: 60_000 });
  issuer.setBehaviour('failing');
  const token = await issuer.token();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(token)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(503));
  expect(issuer.requests()).toBe(1);
});

test('limits the reads for an unknown key after a failed read, and accepts known keys meanwhile', async () => {
  const ask = service({}, { cooldownMs: 300 });
  const known = await issuer.token();
  expect((await ask(known)).status).toBe(200);
  await issuer.useKey('unknown', 'ES256', { keep: true, secretly: true });
  const unknown = await issuer.token();
  await expect.poll(async () => (await ask(unknown)).status, SOON).toBe(401);
  issuer.setBehaviour('failing');
  await expect.poll(async () => (await ask(unknown)).status, SOON).toBe(503);
  const before = issuer.requests();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(unknown)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(503));
  expect((await ask(known)).status).toBe(200);
  expect(issuer.requests() - before).toBeLessThanOrEqual(1);
});

describe('a token that was verified before', () => {
  function countVerifications() {
    const verify = vi.spyOn(crypto.subtle, 'verify');
    onTestFinished(() => verify.mockRestore());
    return () => verify.mock.calls.length;
  }

  test('is not verified again', async () => {
    const ask = service();
    const verifications = countVerifications();
    const token = await issuer.token();
    const answers = [];
    for (const _ of Array(5)) answers.push(await (await ask(token)).json());
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(verifications()).toBe(1);
    expect((await ask(`${token.slice(0, -8)}AAAAAAAA`)).status).toBe(401);
  });

  test('is refused once it has expired', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const ask = service();
    const token = await issuer.token({ exp: seconds(60) });
    expect((await ask(token)).status).toBe(200);
    vi.setSystemTime(Date.now() + 91_000);
    expect((await ask(token)).status).toBe(401);
  });

  test('is removed when as many other tokens were used since', async () => {
    const ask = service();
    const verifications = countVerifications();
    const [first, ...others] = await Promise.all(
      Array.from({ length: MAX_VERIFIED_TOKENS + 1 }, (_, i) => issuer.token({ sub: `ada-${i}` })),
    );
    await ask(first);
    for (const token of others) await ask(token);
    expect(verifications()).toBe(MAX_VERIFIED_TOKENS + 1);
    await ask(others.at(-1));
    expect(verifications()).toBe(MAX_VERIFIED_TOKENS + 1);
    await ask(first);
    expect(verifications()).toBe(MAX_VERIFIED_TOKENS + 2);
  });
});

test('refuses a withdrawn key after the next refresh', async () => {
  const ask = service({}, { refreshMs: 0 });
  const token = await issuer.token();
  expect((await ask(token)).status).toBe(200);
  await issuer.useKey('second', 'ES256');
  await expect.poll(async () => (await ask(token)).status, SOON).toBe(401);
});

test.each(['failing', 'hanging'] as const)('answers 503 while the issuer is %s, and recovers', async (how) => {
  const ask = service({}, { timeoutMs: 500 });
  const token = await issuer.token();
  issuer.setBehaviour(how);
  const response = await ask(token);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await response.json()).toMatchObject({ dependencies: ['issuer'] });
  issuer.setBehaviour('normal');
  await expect.poll(async () => (await ask(token)).status, SOON).toBe(200);
});

test('accepts known keys while the issuer is down, and answers 503 for a new key', async () => {
  const ask = service({}, { refreshMs: 0 });
  const token = await issuer.token();
  expect((await ask(token)).status).toBe(200);
  issuer.setBehaviour('failing');
  for (const _ of Array(3)) expect((await ask(token)).status).toBe(200);
  await issuer.useKey('second', 'ES256', { keep: true });
  expect((await ask(await issuer.token())).status).toBe(503);
});

// Within the cooldown after a failed read, keys of any age were accepted, for as long as the issuer stayed down.
test('accepts no key beyond its maximum age while the issuer is down', async () => {
  const ask = service({}, { maxAgeMs: 0, cooldownMs: 60_000 });
  const token = await issuer.token();
  expect((await ask(token)).status).toBe(200);
  issuer.setBehaviour('failing');
  const statuses: number[] = [];
  for (const _ of Array(5)) statuses.push((await ask(token)).status);
  expect(statuses).toEqual(Array(5).fill(503));
});

// Without any valid token, a client kept new keys from being read.
test('a token that names an unusable key of the issuer does not count as a failed read', async () => {
  const { keys } = (await (await fetch(`${issuer.url}/keys`)).json()) as { keys: object[] };
  const unusable = { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 'unusable' };
  const server = createServer((_, response) => response.end(JSON.stringify({ keys: [...keys, unusable] })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const ask = service({ AUTH_JWKS_URL: `http://127.0.0.1:${port}/` }, { cooldownMs: 60_000 });

  expect((await ask(await issuer.token())).status).toBe(200);
  const header = Buffer.from('{"alg":"ES256","kid":"unusable"}').toString('base64url');
  expect((await ask(`${header}.e30.AAAA`)).status).toBe(401);
  const unknown = Buffer.from('{"alg":"ES256","kid":"unknown"}').toString('base64url');
  expect((await ask(`${unknown}.e30.AAAA`)).status).toBe(401);
});

test('reads consumer and roles from the configured claims', async () => {
  const ask = service({ AUTH_CONSUMER_CLAIM: 'https://shop.example/consumer', AUTH_ROLES_CLAIM: 'realm_access.roles' });
  const claims = { 'https://shop.example/consumer': 'ada-7', realm_access: { roles: ['cook', 'admin'] } };
  expect(await (await ask(await issuer.token(claims))).json()).toMatchObject({
    client: 'subject:ada',
    admin: true,
    consumer: 'ada-7',
  });
  const other = await (await ask(await issuer.token({ realm_access: 'admin', exp: seconds(60) }))).json();
  expect(other).toEqual({ client: 'subject:ada', admin: false, endsAt: expect.any(Number) });
});

test.each<[unknown, boolean]>([
  [['admin'], true],
  ['cook admin', true],
  [['administrator'], false],
  ['administrator', false],
  [{ admin: true }, false],
  [null, false],
])('the roles %j make an administrator or not', async (roles, admin) => {
  expect(await (await service()(await issuer.token({ roles }))).json()).toMatchObject({ admin });
});
