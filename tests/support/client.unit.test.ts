import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { getMetrics } from './client.ts';

test('a request for metrics ends at its deadline while the service does not respond', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await expect(getMetrics(`http://127.0.0.1:${port}`, 50)).rejects.toMatchObject({ name: 'TimeoutError' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
