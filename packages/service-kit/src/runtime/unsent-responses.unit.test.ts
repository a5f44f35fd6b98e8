import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { expect, onTestFinished, test } from 'vitest';
import { createClosableServer } from './server.ts';
import type { UnsentResponseLimits } from './unsent-responses.ts';

/** More than the operating system buffers for a client that reads nothing. */
const LARGE = new Uint8Array(32 * 1024 * 1024);

async function listening(limits: UnsentResponseLimits) {
  const app = new Hono();
  const answered = { '/large': 0, '/small': 0 };
  app.get('/large', (c) => {
    answered['/large']++;
    return c.body(LARGE);
  });
  app.get('/small', (c) => {
    answered['/small']++;
    return c.text('small');
  });
  app.get('/never', () => new Promise<Response>(() => {}));
  const { server, close } = createClosableServer(app, { keepAliveMs: 60_000, ...limits });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => close(0));
  const { port } = server.address() as AddressInfo;
  const clients: Socket[] = [];
  onTestFinished(() => clients.forEach((client) => void client.destroy()));

  return {
    answered,
    url: `http://127.0.0.1:${port}`,
    /** Sends these requests at once and reads no response. Resolves with the server's end of the connection. */
    async unread(...paths: readonly string[]): Promise<Socket> {
      const accepted = once(server, 'connection');
      const client = connect({ host: '127.0.0.1', port })
        .on('error', () => {})
        .pause();
      clients.push(client);
      client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''));
      const [socket] = (await accepted) as [Socket];
      return socket;
    },
  };
}

const closed = (socket: Socket) => (socket.destroyed ? undefined : once(socket, 'close'));

// 300 connections with an unread page of 3 MB each took 1,050 MiB, twice the limit of a pod, for as long as the client wanted.
test('the oldest unread response gives way when all together hold too many bytes', async () => {
  const { answered, unread, url } = await listening({ maxUnsentBytes: 1.5 * LARGE.length });
  const first = await unread('/large');
  await expect.poll(() => answered['/large']).toBe(1);
  const second = await unread('/large');
  await closed(first);
  expect(second.destroyed).toBe(false);
  const response = await fetch(`${url}/large`);
  expect((await response.arrayBuffer()).byteLength).toBe(LARGE.length);
});

test('the responses to pipelined requests count also before their turn', async () => {
  const { answered, unread } = await listening({ maxUnsentBytes: 1.5 * LARGE.length });
  await closed(await unread('/never', '/large', '/large'));
  expect(answered['/large']).toBe(2);
});

test('frees the bytes of responses whose connection closes before their turn', async () => {
  const { answered, unread, url } = await listening({ maxUnsentBytes: 1.5 * LARGE.length });
  const queued = await unread('/never', '/large');
  await expect.poll(() => answered['/large']).toBe(1);
  queued.destroy();
  await closed(queued);
  const unaffected = await unread('/large');
  await expect.poll(() => answered['/large']).toBe(2);
  expect((await fetch(`${url}/small`)).status).toBe(200);
  expect(unaffected.destroyed).toBe(false);
});

test('closes a connection whose client receives nothing of a complete response', async () => {
  const { unread } = await listening({ stalledAfterMs: 1, maxUnsentBytes: 2 * LARGE.length });
  await closed(await unread('/large'));
});

test('does not close a connection that waits for a response', async () => {
  const { answered, unread, url } = await listening({ stalledAfterMs: 1, maxUnsentBytes: 2 * LARGE.length });
  const waiting = await unread('/never', '/small');
  await expect.poll(() => answered['/small']).toBe(1);
  await closed(await unread('/large'));
  expect((await fetch(`${url}/small`)).status).toBe(200);
  expect(waiting.destroyed).toBe(false);
});
