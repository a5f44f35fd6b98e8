import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

/** Services that report these reasons, one per request, and the last one from then on. */
async function reporting(...reasons: string[][]): Promise<string> {
  let asked = 0;
  const server = createServer((request, response) => {
    const current = reasons[Math.min(asked++, reasons.length - 1)] ?? [];
    const ready = !current.some((reason) => reason.startsWith('the state store'));
    response.writeHead(request.url === '/readyz' && ready ? 200 : 503, { connection: 'close' });
    response.end(JSON.stringify({ status: ready ? 'ready' : 'not ready', reasons: current }));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const run = (program: string, env: Record<string, string>) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, program)], { env: { ...process.env, ...env } });

test('the hook waits until no pod of any service reports a fault', async () => {
  const PODS = [await reporting([]), await reporting(['the state store is missing'], ['the broker'], [])].join();
  const { stdout } = await run('verify.ts', { PODS, DEADLINE_SECONDS: '60' });
  expect(stdout).toContain('every pod is ready, and none reports a fault');
});

test.each(['the state store refuses the password', 'the broker refuses messages on the topic order-replies'])(
  'the hook fails with the reason: %s',
  async (reason) => {
    const PODS = await reporting([reason]);
    await expect(run('verify.ts', { PODS, DEADLINE_SECONDS: '1' })).rejects.toMatchObject({
      code: 1,
      stdout: `the installation does not work after 1 s:\n  127.0.0.1 (127.0.0.1): ${reason}\n`,
    });
  },
);

test('the hook fails when no pod listens', async () => {
  await expect(run('verify.ts', { PODS: '127.0.0.1:1', DEADLINE_SECONDS: '1' })).rejects.toMatchObject({
    stdout: expect.stringContaining('no response'),
  });
});

test('helm test names the faults that pods report when its order stays PENDING', async () => {
  const PODS = await reporting(['the broker refuses messages on the topic consumer-commands']);
  const services = createServer((request, response) => {
    response.writeHead(request.method === 'POST' ? 201 : 200, { location: '/orders/one', connection: 'close' });
    response.end(JSON.stringify({ status: 'PENDING' }));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void services.close());
  await once(services, 'listening');
  const url = `http://127.0.0.1:${(services.address() as AddressInfo).port}`;
  const env = { ORDER_URL: url, CONSUMER_URL: url, RESTAURANT_URL: url, PODS, DEADLINE_SECONDS: '1' };
  await expect(run('first-order.ts', env)).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('the broker refuses messages on the topic consumer-commands'),
  });
});
