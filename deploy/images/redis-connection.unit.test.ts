import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { withRedis } from './redis-connection.ts';

/** A server that answers each of the first commands of a connection with one of these replies, and no further one. */
async function startServer(
  ...replies: string[]
): Promise<{ readonly host: string; readonly closed: Promise<unknown> }> {
  const closed = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.once('data', () => socket.write(replies.join('')));
    socket.resume().once('close', () => closed.resolve());
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, closed: closed.promise };
}

const EMPTY_MAP = '%0\r\n';
const OK = '+OK\r\n';

test.each<[string, readonly string[]]>([
  ['the first command', []],
  ['INFO', [EMPTY_MAP, OK, OK]],
])('gives up, and closes the connection, when Redis does not answer %s', async (_, replies) => {
  const { host, closed } = await startServer(...replies);
  const variable = (name: string) => (name === 'REDIS_HOST' ? host : undefined);
  await expect(withRedis(variable, { timeoutMs: 100 }, (client) => client.info())).rejects.toThrow();
  await closed;
});
