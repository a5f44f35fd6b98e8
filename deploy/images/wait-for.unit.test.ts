import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished, test } from 'vitest';

test.each(['127.0.0.1', '[::1]'])('the init container connects to a store at %s', async (host) => {
  const server = createServer((socket) => socket.end()).listen(0, host.replace(/[[\]]/g, ''));
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'wait-for.ts'), `${host}:${port}`]);
  await connected;
});
