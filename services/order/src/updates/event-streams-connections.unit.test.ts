import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { poll } from '@standing-order/testing/poll';
import { afterEach, expect, it } from 'vitest';
import { serviceInMemory, validRequest } from '../../test/service-in-memory.ts';

let cleanUp = new DisposableStack();
afterEach(() => {
  cleanUp.dispose();
  cleanUp = new DisposableStack();
});

/** The service with one order, on a port. It has no heartbeat: only a closed connection frees the place of a stream. */
async function serve(maxStreams: number) {
  const service = serviceInMemory({ maxStreams, heartbeatMs: 3_600_000 });
  await service.post(validRequest);
  const server = createAdaptorServer({ fetch: service.app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.defer(() => server.close());
  const { port } = server.address() as AddressInfo;
  const [id] = [...service.stored.keys()];
  return { port, paths: [`/orders/${id}/events`, '/consumers/ada/orders/events'] };
}

/** Sends a request on a connection of its own. */
function send(port: number, method: string, path: string): Socket {
  const socket = connect(port, '127.0.0.1', () =>
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  );
  socket.on('error', () => {});
  cleanUp.defer(() => socket.destroy());
  return socket;
}

/** The status of the response. Later data is ignored. */
async function statusOf(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.resume();
  return data.toString('latin1').slice(9, 12);
}

const statusesOf = (sockets: readonly Socket[]) => Promise.all(sockets.map(statusOf));

it('HEAD opens no stream: after 1,000 of them a client gets its stream', async () => {
  const { port, paths } = await serve(2);
  for (const path of paths) {
    for (let sent = 0; sent < 500; sent += 50) {
      const sockets = Array.from({ length: 50 }, () => send(port, 'HEAD', path));
      expect(new Set(await statusesOf(sockets))).toEqual(new Set(['200']));
      for (const socket of sockets) socket.destroy();
    }
    expect(await statusOf(send(port, 'GET', path))).toBe('200');
  }
});

it('the place of a stream is free when its connection is gone', async () => {
  const { port, paths } = await serve(100);
  for (const path of paths) {
    const openAll = () => Array.from({ length: 100 }, () => send(port, 'GET', path));
    const open = openAll();
    expect(new Set(await statusesOf(open))).toEqual(new Set(['200']));
    expect(await statusOf(send(port, 'GET', path))).toBe('503');
    for (const socket of open) socket.destroy();
    // Connections that are closed before their response has begun.
    for (const socket of openAll()) socket.on('connect', () => setImmediate(() => socket.destroy()));
    await poll(
      '100 new streams',
      async () => {
        const sockets = openAll();
        const statuses = await statusesOf(sockets);
        for (const socket of sockets) socket.destroy();
        return statuses;
      },
      (statuses) => statuses.every((status) => status === '200'),
    );
  }
});
