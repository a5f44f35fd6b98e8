import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Hono } from 'hono';
import { expect, onTestFinished, test } from 'vitest';
import { createClosableServer, type ServerLimits } from './server.ts';

async function listening(limits: ServerLimits) {
  const app = new Hono();
  app.get('/', (c) => c.text('here'));
  app.post('/upload', async (c) => c.text(await c.req.text()));
  app.post('/parts', async (c) => {
    let parts = 0;
    for await (const _ of c.req.raw.body ?? []) parts++;
    return c.text(String(parts));
  });
  const go = Promise.withResolvers<void>();
  let slowRequests = 0;
  app.get('/slow', async (c) => {
    slowRequests++;
    await go.promise;
    return c.text('done');
  });
  const { server, close } = createClosableServer(app, limits);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => close(0));
  return {
    server,
    close,
    slowRequests: () => slowRequests,
    answerSlow: () => go.resolve(),
    port: (server.address() as AddressInfo).port,
  };
}

test('announces the time for which a connection stays open, and closes it later than announced', async () => {
  const { server, port } = await listening({ keepAliveMs: 120_000 });
  expect((await fetch(`http://127.0.0.1:${port}/`)).headers.get('keep-alive')).toBe('timeout=120');
  expect([server.keepAliveTimeout, server.keepAliveTimeoutBuffer]).toEqual([120_000, 2_000]);
});

test('a client that stops in the middle of its request is answered and disconnected at the deadline', async () => {
  const { server, port } = await listening({ keepAliveMs: 60_000, headersWithinMs: 1, requestWithinMs: 1 });
  for (const half of ['content-length: 100\r\n\r\n{', 'transfer-encoding: chunked\r\n\r\n5\r\n{']) {
    const slow = connect({ host: '127.0.0.1', port });
    slow.write(`POST /upload HTTP/1.1\r\nhost: x\r\n${half}`);
    expect(await text(slow)).toContain('HTTP/1.1 408');
  }
  const defaults = createClosableServer(new Hono(), { keepAliveMs: 60_000 }).server;
  expect([defaults.headersTimeout, defaults.requestTimeout]).toEqual([10_000, 20_000]);
  expect(server.requestTimeout).toBe(1);
});

/** Sends each request on the same connection, as long as the server keeps it open. */
function onOneConnection(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async () => {
    const sent = request({ agent, host: '127.0.0.1', port }).end();
    const [response] = await once(sent, 'response');
    return { body: await text(response), reused: sent.reusedSocket };
  };
}

test('the deadline of headers does not close a connection that waits for its next request', async () => {
  const { port } = await listening({ keepAliveMs: 60_000, headersWithinMs: 1 });
  const get = onOneConnection(port);
  expect(await get()).toEqual({ body: 'here', reused: false });

  // By the time the server has closed a connection with half of its headers, the deadline has long passed for the idle one, too.
  const slow = connect({ host: '127.0.0.1', port });
  slow.write('GET / HTTP/1.1\r\nhost: x\r\n');
  expect(await text(slow)).toContain('HTTP/1.1 408');
  expect(await get()).toEqual({ body: 'here', reused: true });
});

// A body that stopped half-way counted as a request in flight: it delayed the stop by the whole drain time.
test('a server that closes waits for a complete request, and not for a half-sent one', async () => {
  const { server, close, answerSlow, port } = await listening({ keepAliveMs: 60_000 });
  let requests = 0;
  server.on('request', () => requests++);
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  const sockets = ['content-length: 100\r\n\r\n{', 'transfer-encoding: chunked\r\n\r\n5\r\n{'].map((half) => {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    socket.write(`POST /upload HTTP/1.1\r\nhost: x\r\n${half}`);
    return socket;
  });
  await expect.poll(() => requests).toBe(3);
  // `once` rejects after an error, such as a reset.
  const ended = sockets.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)));
  const closed = close(3_600_000);
  await Promise.all(ended);
  answerSlow();
  expect(await (await slow).text()).toBe('done');
  await closed;
});

// The response to the first request made the connection count as idle.
test('a server that closes answers each request that a client has sent without waiting for a response', async () => {
  const { server, close, answerSlow, port } = await listening({ keepAliveMs: 60_000 });
  let requests = 0;
  server.on('request', () => requests++);
  const socket = connect({ host: '127.0.0.1', port });
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  const [first] = await once(socket, 'data');
  expect([requests, String(first)]).toEqual([2, expect.stringContaining('here')]);
  const rest = text(socket);
  const closed = close(3_600_000);
  answerSlow();
  expect(await rest).toContain('done');
  await closed;
});

// 4,096 idle connections of one caller kept out all others, and the liveness probe, so that the pod was restarted.
test('idle connections give way to new ones, the longest idle one first, and those with a request in flight never do', async () => {
  const noDeadlines = { keepAliveMs: 3_600_000, headersWithinMs: 3_600_000, requestWithinMs: 3_600_000 };
  const { server, port, answerSlow } = await listening({ ...noDeadlines, maxConnections: 4 });
  const get = onOneConnection(port);
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  await once(server, 'request');
  await get();
  const hold = async () => {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    await once(server, 'connection');
    return socket.resume();
  };
  const held = [await hold(), await hold()];
  expect(await get()).toEqual({ body: 'here', reused: true });

  const ended = held.map((socket) => once(socket, 'close'));
  await Promise.all([await hold(), await hold()].map((socket) => onTestFinished(() => void socket.destroy())));
  await Promise.all(ended);
  expect(await get()).toEqual({ body: 'here', reused: true });
  answerSlow();
  expect(await (await slow).text()).toBe('done');
});

test('if no connection is idle, the oldest one with an incomplete request gives way to a new one', async () => {
  const { server, port, answerSlow } = await listening({ keepAliveMs: 60_000, maxConnections: 3 });
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  await once(server, 'request');
  const upload = async () => {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    socket.write('POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
    await once(server, 'request');
    onTestFinished(() => void socket.destroy());
    return socket.resume();
  };
  const oldest = await upload();
  const other = await upload();
  expect((await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).status).toBe(200);
  if (!oldest.closed) await once(oldest, 'close');
  expect(other.closed).toBe(false);
  answerSlow();
  expect(await (await slow).text()).toBe('done');
});

const CHUNKS_OF_ONE_BYTE = `${'1\r\nx\r\n'.repeat(16_000)}0\r\n\r\n`;

test('a body in chunks of one byte is held in few parts, so that it takes no multiple of its size', async () => {
  const { port } = await listening({ keepAliveMs: 60_000 });
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(
    `POST /parts HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKS_OF_ONE_BYTE}`,
  );
  const parts = Number((await text(socket)).split('\r\n').at(-1));
  expect(parts).toBeGreaterThan(0);
  expect(parts).toBeLessThanOrEqual(5);
});

test('the body of a GET is discarded while its response is open', async () => {
  const { server, port, answerSlow } = await listening({ keepAliveMs: 60_000 });
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(
    `GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKS_OF_ONE_BYTE}`,
  );
  const [incoming] = (await once(server, 'request')) as [IncomingMessage];
  await expect.poll(() => incoming.readableEnded).toBe(true);
  answerSlow();
  expect(await text(socket)).toContain('done');
});

// Half-sent headers are held until their deadline. A server that ignored the last ones would not see those that a sidecar adds.
test('a request with more than 100 headers is refused, also before its end', async () => {
  const { port } = await listening({ keepAliveMs: 60_000 });
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(200)}`);
  expect(await text(socket)).toContain('HTTP/1.1 431');
});

// 100 connections with 500 requests each, whose tokens had a forged signature, took 1,000 MiB.
test('a connection with more than four requests without a response is closed, and its further requests are not handled', async () => {
  const { server, port, answerSlow, slowRequests } = await listening({ keepAliveMs: 60_000 });
  const send = (requests: number) => {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(requests));
    return socket;
  };
  const flood = send(100).resume();
  if (!flood.closed) await once(flood, 'close');
  expect(slowRequests()).toBe(4);

  const patient = send(4);
  await once(server, 'connection');
  await expect.poll(slowRequests).toBe(8);
  answerSlow();
  patient.end();
  expect((await text(patient)).match(/done/g)).toHaveLength(4);
});
