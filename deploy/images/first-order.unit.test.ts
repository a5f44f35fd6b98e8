import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('helm test retries while a service accepts no connection, and while it responds 503', async () => {
  const requests: string[] = [];
  const keys = new Set<unknown>();
  const services = createServer(({ method, url = '', headers }, response) => {
    const isFirst = !requests.includes(url);
    requests.push(url);
    if (url === '/orders') keys.add(headers['idempotency-key']);
    const status = isFirst ? 503 : method === 'POST' ? 201 : 200;
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close', location: '/orders/one' });
    response.end(JSON.stringify({ status: 'VALIDATED' }));
  });
  const port = await listen(services, 0);
  await new Promise((closed) => services.close(closed));

  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'first-order.ts')], {
    env: { ...process.env, ORDER_URL: url, CONSUMER_URL: url, RESTAURANT_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (/ECONNREFUSED/.test(line)) await listen(services, port);
    }
    expect(await ended).toEqual([0, null]);
    expect(lines.at(-1)).toBe('VALIDATED');
    expect(requests).toEqual(['/consumers', '/restaurants', '/orders', '/orders/one'].flatMap((path) => [path, path]));
    expect(keys.size).toBe(1);
  } finally {
    child.kill('SIGKILL');
    services.close();
  }
});
