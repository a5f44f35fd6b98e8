import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { orderApi } from '@standing-order/contracts';
import { afterEach, expect, test } from 'vitest';
import { localPortFault } from './local-port.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(server: Server, host: string, port = 0): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** A service with the documents and the metrics of its own process. */
function service(title = orderApi.title, requestsBefore = 0): RequestListener {
  let requests = requestsBefore;
  return (request, response) => {
    if (request.url === '/openapi.json') response.end(JSON.stringify({ info: { title } }));
    else response.end(`http_server_request_duration_seconds_count{route="/metrics"} ${requests}\n`);
    requests++;
  };
}

const faultOf = (port: number, host = '127.0.0.1') => localPortFault('order', `http://${host}:${port}`);
const HINT = 'kubectl port-forward binds only [::1] when another program uses the port on 127.0.0.1';

test('accepts the order service on 127.0.0.1', async () => {
  expect(await faultOf(await listen(createServer(service()), '127.0.0.1'))).toBeUndefined();
});

test('accepts one process on both addresses, as kubectl port-forward normally binds them', async () => {
  const one = service();
  const port = await listen(createServer(one), '127.0.0.1');
  await listen(createServer(one), '::1', port);
  expect(await faultOf(port)).toBeUndefined();
});

test.each(['127.0.0.1', 'localhost'])('rejects a port that only [::1] accepts, for %s', async (host) => {
  const port = await listen(createServer(service()), '::1');
  const fault = await faultOf(port, host);
  expect(fault).toContain(`127.0.0.1:${port} refuses connections, but [::1]:${port} accepts them. ${HINT}`);
});

test.each<[string, () => Server]>([
  ['another HTTP server', () => createServer((_, response) => response.end('<html>'))],
  ['another service of the platform', () => createServer(service('Standing Order: consumers'))],
  ['a program without HTTP', () => createTcpServer((socket) => socket.end('SSH-2.0\r\n'))],
  ['a program that closes every connection', () => createTcpServer((socket) => socket.destroy())],
])('rejects %s on 127.0.0.1', async (_, other) => {
  const port = await listen(other(), '127.0.0.1');
  await listen(createServer(service()), '::1', port);
  expect(await faultOf(port)).toContain(`127.0.0.1:${port} is not the order service. ${HINT}`);
});

test.each<[string, RequestListener]>([
  ['two order services', service(orderApi.title, 1_000)],
  ['an order service and another program', (_, response) => response.end('<html>')],
])('rejects %s on the two addresses', async (_, onIpv6) => {
  const port = await listen(createServer(service()), '127.0.0.1');
  await listen(createServer(onIpv6), '::1', port);
  expect(await faultOf(port)).toContain(`127.0.0.1:${port} and [::1]:${port} are different programs. ${HINT}`);
});

test('leaves a port without a listener and a remote host to k6', async () => {
  const port = await listen(createServer(), '127.0.0.1');
  await new Promise((resolve) => servers.pop()?.close(resolve));
  expect(await faultOf(port)).toBeUndefined();
  expect(await faultOf(port, 'shop.test')).toBeUndefined();
});
