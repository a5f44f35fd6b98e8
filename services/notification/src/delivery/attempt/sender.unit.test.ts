import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { changingLookup, event, post, secret, useSenders } from '../../../test/sender-fixture.ts';
import { newEndpoint } from '../../domain/endpoint.ts';
import { createSecretCipher, KEY_LENGTH } from '../../endpoints/secret-cipher.ts';

const { receiver, sender } = useSenders();
const loopback = ['127.0.0.0/8'];

test('an attempt is signed, and any 2xx response is a success', async () => {
  const bodies: unknown[] = [];
  const port = await receiver(async (request, response) => {
    const body = await text(request);
    bodies.push(
      new Webhook(secret).verify(body, request.headers as Record<string, string>),
      request.headers,
      request.url,
    );
    response.writeHead(204).end();
  });
  expect(await post(sender(loopback), `http://127.0.0.1:${port}/hook?a=b`)).toEqual({ ok: true, answered: 204 });
  const { id, type, timestamp, data } = event;
  expect(bodies).toMatchObject([
    { type, timestamp, data },
    { 'webhook-id': id, 'content-type': 'application/json' },
    '/hook?a=b',
  ]);
});

test.each([
  [500, {}, { ok: false, answered: 500, error: 'response status 500' }],
  [410, {}, { ok: false, answered: 410, error: 'response status 410' }],
  [503, { 'retry-after': '7' }, { ok: false, answered: 503, error: 'response status 503', retryAfterMs: 7_000 }],
  [302, { location: '/' }, { ok: false, answered: 302, error: 'response status 302; redirects are not followed' }],
])('response status %i is a failure', async (status, headers, sent) => {
  let calls = 0;
  const port = await receiver((_, response) => {
    calls++;
    response.writeHead(status, headers).end('no');
  });
  expect(await post(sender(loopback), `http://127.0.0.1:${port}/`)).toEqual(sent);
  expect(calls).toBe(1);
});

test('an attempt ends at the timeout without a complete response, and at once if the connection is refused', async () => {
  const silent = await receiver(() => {});
  const { send, close } = sender(loopback, { timeoutMs: 1_000 });
  const short = { send, close };
  expect(await post(short, `http://127.0.0.1:${silent}/`)).toEqual({ ok: false, error: 'timed out' });
  const endless = await receiver((_, response) => {
    response.writeHead(200);
    // Node 24.22 also calls back after the end of the connection, with an error.
    const more = (error?: Error | null) => {
      if (!error) response.write('x'.repeat(10_000), more);
    };
    more();
  });
  expect(await post(short, `http://127.0.0.1:${endless}/`)).toEqual({ ok: true, answered: 200 });
  expect(await post(short, 'http://127.0.0.1:1/')).toEqual({ ok: false, error: 'ECONNREFUSED' });
});

test('an http endpoint is not called once http is no longer allowed', async () => {
  let calls = 0;
  const port = await receiver((_, response) => {
    calls++;
    response.end();
  });
  const strict = sender(loopback, { allowHttp: false });
  expect(await post(strict, `http://127.0.0.1:${port}/`)).toEqual({
    ok: false,
    error: 'not sent: the URL must start with https://',
  });
  expect(calls).toBe(0);
});

test('an aborted attempt has no result', async () => {
  const stop = new AbortController();
  const port = await receiver(() => stop.abort());
  expect(await post(sender(loopback), `http://127.0.0.1:${port}/`, stop.signal)).toBeUndefined();
});

test('a name that resolves to a denied address is not connected to, even if it resolved to an allowed one before', async () => {
  let calls = 0;
  const port = await receiver((_, response) => {
    calls++;
    response.writeHead(200, { connection: 'close' }).end();
  });
  const url = `http://rebinding.example:${port}/`;
  // Allowed: 127.0.0.1. Denied: 127.0.0.2, which the receiver is reachable at, too.
  const rebinding = sender(['127.0.0.1/32'], {
    lookup: changingLookup(['127.0.0.1'], ['127.0.0.2'], ['::ffff:127.0.0.2'], []),
  });
  expect(await post(rebinding, url)).toEqual({ ok: true, answered: 200 });
  expect(await post(rebinding, url)).toEqual({ ok: false, error: 'the address 127.0.0.2 is not allowed' });
  expect(await post(rebinding, url)).toEqual({ ok: false, error: 'the address ::ffff:127.0.0.2 is not allowed' });
  expect(await post(rebinding, url)).toEqual({ ok: false, error: 'the host name has no address' });
  expect(calls).toBe(1);
});

test('only the allowed addresses of a name are tried', async () => {
  const port = await receiver((request, response) => response.end(request.socket.localAddress));
  const some = sender(['127.0.0.1/32'], { lookup: changingLookup(['10.0.0.1', '127.0.0.1', '::1']) });
  expect(await post(some, `http://many.example:${port}/`)).toEqual({ ok: true, answered: 200 });
});

test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost'])(
  '%s is denied unless it is allowed',
  async (host) => {
    let calls = 0;
    const port = await receiver((_, response) => {
      calls++;
      response.end();
    });
    const sent = await post(sender([]), `http://${host}:${port}/`);
    expect(sent?.error).toMatch(/^(not sent: the URL must not point to|the address) [0-9a-f.:]+( is not allowed)?$/);
    expect(calls).toBe(0);
  },
);

test('an attempt without a readable secret is not sent', async () => {
  const encrypted = createSecretCipher([randomBytes(KEY_LENGTH)]).encrypt(secret, 'h');
  const unreadable = newEndpoint({
    id: 'h',
    request: { url: 'https://example.com/', description: '' },
    secret: encrypted,
    now: 0,
  });
  expect(await sender(loopback).send(unreadable, event, new AbortController().signal)).toEqual({
    ok: false,
    error: 'not sent: the secret is encrypted with a key that this service does not have',
  });
});
