import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, test } from 'vitest';
import { newHook } from '../../domain/endpoint.ts';
import type { Event } from '../../domain/event.ts';
import { addressRule, rangesOf } from '../../endpoints/address-policy.ts';
import { createVault, KEY_LENGTH } from '../../endpoints/secret-cipher.ts';
import { createSender, type Sender } from './sender.ts';
import { newSecret } from './signature.ts';

const secret = newSecret();
const event: Event = {
  id: 'settled-01890a5d-ac96-774b-bcce-b302099a8057',
  type: 'order.validated',
  timestamp: '2026-11-22T09:00:00.000Z',
  data: { orderId: '01890a5d-ac96-774b-bcce-b302099a8057', consumerId: 'ada', status: 'VALIDATED', reasons: [] },
};
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function receiver(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<number> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

function sender(
  ranges: string[],
  { allowHttp = true, ...options }: { lookup?: LookupFunction; deadlineMs?: number; allowHttp?: boolean } = {},
): Sender {
  const allowed = rangesOf(ranges);
  if (!allowed) throw new Error('not all of these are ranges');
  const made = createSender({ policy: { allowHttp, reachable: addressRule(allowed) }, now: Date.now, ...options });
  ends.push(made.close);
  return made;
}

const post = ({ send }: Sender, url: string, signal = new AbortController().signal) =>
  send(newHook({ id: 'h', request: { url, description: '' }, secret, now: 0 }), event, signal);
const loopback = ['127.0.0.0/8'];

test('a delivery is signed, and is done when it is answered with any 2xx', async () => {
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
  [500, {}, { ok: false, answered: 500, error: 'answered 500' }],
  [410, {}, { ok: false, answered: 410, error: 'answered 410' }],
  [503, { 'retry-after': '7' }, { ok: false, answered: 503, error: 'answered 503', retryAfterMs: 7_000 }],
  [302, { location: '/' }, { ok: false, answered: 302, error: 'answered 302; redirects are not followed' }],
])('an answer of %i is a failure', async (status, headers, sent) => {
  let calls = 0;
  const port = await receiver((_, response) => {
    calls++;
    response.writeHead(status, headers).end('no');
  });
  expect(await post(sender(loopback), `http://127.0.0.1:${port}/`)).toEqual(sent);
  expect(calls).toBe(1);
});

test('a receiver that never answers, never ends its answer, or is not there, costs no more than the deadline', async () => {
  const silent = await receiver(() => {});
  const { send, close } = sender(loopback, { deadlineMs: 1_000 });
  const short = { send, close };
  expect(await post(short, `http://127.0.0.1:${silent}/`)).toEqual({ ok: false, error: 'no answer in time' });
  const endless = await receiver((_, response) => {
    response.writeHead(200);
    const more = () => response.write('x'.repeat(10_000), more);
    more();
  });
  expect(await post(short, `http://127.0.0.1:${endless}/`)).toEqual({ ok: true, answered: 200 });
  expect(await post(short, 'http://127.0.0.1:1/')).toEqual({ ok: false, error: 'ECONNREFUSED' });
});

test('http that was allowed once is not used once it is not', async () => {
  let calls = 0;
  const port = await receiver((_, response) => {
    calls++;
    response.end();
  });
  const strict = sender(loopback, { allowHttp: false });
  expect(await post(strict, `http://127.0.0.1:${port}/`)).toEqual({ ok: false, error: 'must start with https://' });
  expect(calls).toBe(0);
});

test('one that is aborted has no outcome', async () => {
  const stop = new AbortController();
  const port = await receiver(() => stop.abort());
  expect(await post(sender(loopback), `http://127.0.0.1:${port}/`, stop.signal)).toBeUndefined();
});

/** Names that are somewhere else each time they are looked up. */
function changing(...answers: string[][]): LookupFunction {
  let asked = 0;
  return (_name, options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address ?? '', found[0]?.family);
  };
}

test('a name that leads to an address that is not allowed is not connected to, whatever it led to before', async () => {
  let calls = 0;
  const port = await receiver((_, response) => {
    calls++;
    response.writeHead(200, { connection: 'close' }).end();
  });
  const url = `http://rebinding.example:${port}/`;
  // 127.0.0.1 is allowed here and 127.0.0.2, where the receiver answers as well, is not.
  const rebinding = sender(['127.0.0.1/32'], {
    lookup: changing(['127.0.0.1'], ['127.0.0.2'], ['::ffff:127.0.0.2'], []),
  });
  expect(await post(rebinding, url)).toEqual({ ok: true, answered: 200 });
  expect(await post(rebinding, url)).toEqual({ ok: false, error: 'leads to 127.0.0.2, which is not allowed' });
  expect(await post(rebinding, url)).toEqual({ ok: false, error: 'leads to ::ffff:127.0.0.2, which is not allowed' });
  expect(await post(rebinding, url)).toEqual({ ok: false, error: 'leads to nowhere, which is not allowed' });
  expect(calls).toBe(1);
});

test('of several addresses only those that are allowed are tried', async () => {
  const port = await receiver((request, response) => response.end(request.socket.localAddress));
  const some = sender(['127.0.0.1/32'], { lookup: changing(['10.0.0.1', '127.0.0.1', '::1']) });
  expect(await post(some, `http://many.example:${port}/`)).toEqual({ ok: true, answered: 200 });
});

test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost'])(
  '%s is refused unless it is allowed',
  async (host) => {
    let calls = 0;
    const port = await receiver((_, response) => {
      calls++;
      response.end();
    });
    const sent = await post(sender([]), `http://${host}:${port}/`);
    expect(sent?.error).toMatch(/^leads to .*, which is not allowed$/);
    expect(calls).toBe(0);
  },
);

test('nothing is sent that could not be signed', async () => {
  const sealed = createVault([randomBytes(KEY_LENGTH)]).seal(secret, 'h');
  const unreadable = newHook({
    id: 'h',
    request: { url: 'https://example.com/', description: '' },
    secret: sealed,
    now: 0,
  });
  expect(await sender(loopback).send(unreadable, event, new AbortController().signal)).toEqual({
    ok: false,
    error: 'not sent: its secret is sealed with a key that this service does not have',
  });
});
