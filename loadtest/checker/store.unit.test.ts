import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readOrders } from './store.ts';

/** The messages AuthenticationOk and ReadyForQuery of PostgreSQL's protocol. */
const STARTED = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1');

test('a PostgreSQL that stops during the query rejects the read, and does not end the process', async () => {
  const exceptions: unknown[] = [];
  const onException = (error: unknown) => exceptions.push(error);
  process.on('uncaughtException', onException);
  onTestFinished(() => void process.off('uncaughtException', onException));
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(STARTED);
      socket.once('data', () => socket.destroy());
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(readOrders(`postgresql://user:secret@127.0.0.1:${port}/orders`)).rejects.toThrow(
    'Connection terminated',
  );
  expect(exceptions).toEqual([]);
});
