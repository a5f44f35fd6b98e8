import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrivateAuthority } from '../../../test/private-authority.ts';
import { changingLookup, post, useSenders } from '../../../test/sender-fixture.ts';
import { readCertificates, trustAlso } from './certificates.ts';

const { onEnd, receiver, sender } = useSenders();
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const BLOCKED_RECEIVER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:http').createServer((_, response) => response.end());
  server.listen({ ...workerData.address, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(workerData.gate, 0, 0);
  });`;

/**
 * A receiver that accepts no connection until it is released: its event loop is blocked and its backlog is full, so the operating system
 * drops each SYN. The client repeats its SYN after a second, as if the receiver were far away.
 */
async function silentReceiver(host: string, port = 0) {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const release = () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  const worker = new Worker(BLOCKED_RECEIVER, { eval: true, workerData: { gate, address: { host, port } } });
  onEnd(async () => {
    release();
    await worker.terminate();
  });
  const [bound] = (await once(worker, 'message')) as [number];
  for (let queued = 0; queued < 2; queued++) {
    const socket = connect({ host, port: bound });
    onEnd(async () => socket.destroy());
    await once(socket, 'connect');
  }
  return { port: bound, release };
}

// The system's resolver has two threads for lookups, so those of one receiver without name servers delayed all others.
test('connections that are opened together to one receiver look up its name once', async () => {
  const port = await receiver((_request, response) => response.end());
  let lookups = 0;
  const answer = changingLookup(['127.0.0.1']);
  const lookup: LookupFunction = (...args) => {
    lookups++;
    setImmediate(() => answer(...args));
  };
  const one = sender(LOOPBACK, { lookup });
  const url = `http://busy.example:${port}/`;
  expect(await Promise.all([post(one, url), post(one, url)])).toMatchObject([{ ok: true }, { ok: true }]);
  expect(lookups).toBe(1);
});

describe('a receiver with several addresses is reached', () => {
  test.each([
    ['refuses IPv6', ['::1', '127.0.0.1']],
    ['refuses connections at its first addresses', ['127.0.0.2', '127.0.0.3', '127.0.0.1']],
  ])('if it %s', async (_, addresses) => {
    const port = await receiver((_request, response) => response.end());
    const lookup = changingLookup(addresses);
    expect(await post(sender(LOOPBACK, { lookup }), `http://dual.example:${port}/`)).toEqual({
      ok: true,
      answered: 200,
    });
  });

  test('if the addresses before are silent', async () => {
    const port = await receiver((_request, response) => response.end());
    await silentReceiver('::1', port);
    await silentReceiver('127.0.0.2', port);
    const lookup = changingLookup(['::1', '127.0.0.2', '127.0.0.1']);
    expect(await post(sender(LOOPBACK, { lookup }), `http://dual.example:${port}/`)).toEqual({
      ok: true,
      answered: 200,
    });
  });

  test('if it is further away than the delay between two addresses, and the other family is silent', async () => {
    const { port, release } = await silentReceiver('127.0.0.1');
    await silentReceiver('::1', port);
    const attempt = post(
      sender(LOOPBACK, { lookup: changingLookup(['127.0.0.1', '::1']) }),
      `http://far.example:${port}/`,
    );
    setTimeout(release, 400);
    expect(await attempt).toEqual({ ok: true, answered: 200 });
  });
});

test('an attempt to addresses that are all silent ends at its timeout', async () => {
  const { port } = await silentReceiver('127.0.0.1');
  await silentReceiver('::1', port);
  const lookup = changingLookup(['127.0.0.1', '::1']);
  expect(await post(sender(LOOPBACK, { lookup, timeoutMs: 600 }), `http://silent.example:${port}/`)).toEqual({
    ok: false,
    error: 'timed out',
  });
});

describe('with a private certificate authority', () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const { authority, receiver: identity } = createPrivateAuthority('receiver.example');

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'standing-order-ca-'));
    // A bundle may have comments, and several authorities.
    writeFileSync(
      file('ca.crt'),
      `# Private authorities\n${authority}${createPrivateAuthority('other.example').authority}`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const tlsReceiver = () =>
    receiver(createHttpsServer({ key: identity.key, cert: identity.certificate }, (_, response) => response.end()));
  const trusted = () => trustAlso(readCertificates(file('ca.crt')) ?? []);
  const lookup = changingLookup(['127.0.0.1']);

  test('a receiver is reached if the authority is in the file, for the name in its certificate only', async () => {
    const port = await tlsReceiver();
    const url = `https://receiver.example:${port}/`;
    const { send, close } = sender(LOOPBACK, { lookup, secureContext: trusted() });
    const trusting = { send, close };
    expect(await post(trusting, url)).toEqual({ ok: true, answered: 200 });
    expect((await post(trusting, `https://other.example:${port}/`))?.error).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect((await post(sender(LOOPBACK, { lookup }), url))?.error).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('a file without a certificate, or with an invalid one, is refused', () => {
    writeFileSync(file('empty.crt'), '');
    writeFileSync(file('wrong.crt'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    expect(['empty.crt', 'wrong.crt', 'missing.crt'].map((name) => readCertificates(file(name)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  describe('and a proxy', () => {
    /** A proxy that resolves receiver.example only, and refuses every other host. */
    async function startProxy() {
      const connected: string[] = [];
      const server = createHttpServer();
      server.on('connect', ({ url = '' }, socket) => {
        connected.push(url);
        const [host, port] = url.split(':');
        if (host !== 'receiver.example') return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        const upstream = connect(Number(port), '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          upstream.pipe(socket).pipe(upstream);
        });
        for (const end of [socket, upstream]) end.on('error', () => end.destroy());
        return onEnd(async () => socket.destroy());
      });
      return { connected, port: await receiver(server) };
    }

    test('deliveries go through the proxy, which resolves names and may refuse hosts', async () => {
      const port = await tlsReceiver();
      const { connected, port: proxyPort } = await startProxy();
      const proxied = sender(LOOPBACK, {
        lookup: changingLookup([]),
        secureContext: trusted(),
        proxy: { url: `http://127.0.0.1:${proxyPort}`, except: '' },
      });
      expect(await post(proxied, `https://receiver.example:${port}/`)).toEqual({ ok: true, answered: 200 });
      expect((await post(proxied, 'https://internal.example/'))?.error).toContain('Proxy response (403)');
      expect((await post(proxied, 'https://169.254.169.254/'))?.error).toContain('must not point to 169.254.169.254');
      expect(connected).toEqual([`receiver.example:${port}`, 'internal.example:443']);
    });

    test('hosts in NO_PROXY are reached directly, at allowed addresses only', async () => {
      const port = await tlsReceiver();
      const { connected, port: proxyPort } = await startProxy();
      const proxy = { url: `http://127.0.0.1:${proxyPort}`, except: '.example' };
      const url = `https://receiver.example:${port}/`;
      const secureContext = trusted();
      expect(await post(sender(LOOPBACK, { lookup, secureContext, proxy }), url)).toEqual({ ok: true, answered: 200 });
      expect((await post(sender([], { lookup, secureContext, proxy }), url))?.error).toBe(
        'the address 127.0.0.1 is not allowed',
      );
      expect(connected).toEqual([]);
    });

    test('an attempt through a proxy that does not respond ends at its timeout', async () => {
      const { port } = await silentReceiver('127.0.0.1');
      const silent = sender(LOOPBACK, { timeoutMs: 600, proxy: { url: `http://127.0.0.1:${port}`, except: '' } });
      expect(await post(silent, 'https://receiver.example/')).toEqual({ ok: false, error: 'timed out' });
    });
  });
});
