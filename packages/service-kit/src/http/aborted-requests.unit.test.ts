// Telemetry must start before any meter is created.
import '../telemetry/start.ts';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { createClosableServer } from '../runtime/server.ts';
import { logger } from '../telemetry/index.ts';
import { createApp, readJsonBody } from './index.ts';

const CLIENTS = 20;

test.each([
  ['a short body', 'content-length: 1000\r\n\r\n{'],
  ['a long body', `content-length: 100000\r\n\r\n${'x'.repeat(50_000)}`],
  ['a body of unknown size', 'transfer-encoding: chunked\r\n\r\n5\r\n{'],
])('clients that close their connection in %s are no server errors', async (_, half) => {
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  app.post('/upload', async (c) => c.json(await readJsonBody(c, z.unknown())));
  const { server, close } = createClosableServer(app, { keepAliveMs: 60_000 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => close(0));
  const { port } = server.address() as AddressInfo;
  const error = vi.spyOn(logger, 'error');
  onTestFinished(() => error.mockRestore());

  const counted = async (pattern: RegExp) => {
    const text = await (await app.request('/metrics')).text();
    return [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const aborted = () => counted(/^http_server_aborted_requests_total(?:\{.*\})? (\d+)/gm);
  const failed = () => counted(/^http_server_request_duration_seconds_count\{.*status_code="5\d\d".*\} (\d+)/gm);
  const before = { aborted: await aborted(), failed: await failed() };

  let requests = 0;
  server.on('request', () => requests++);
  const sockets = Array.from({ length: CLIENTS }, () => {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    socket.write(`POST /upload HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${half}`);
    return socket;
  });
  await expect.poll(() => requests).toBe(CLIENTS);
  for (const socket of sockets) socket.destroy();

  await expect.poll(aborted).toBe(before.aborted + CLIENTS);
  expect(await failed()).toBe(before.failed);
  expect(error).not.toHaveBeenCalled();
});
