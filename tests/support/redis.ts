import { createClient } from 'redis';

/** A client of one Redis server of the test. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** Connects to a Redis server on loopback; waits for one that is starting. Call `destroy` at the end. */
export async function connectRedis(port: number) {
  const client = createClient({
    socket: { host: '127.0.0.1', port, reconnectStrategy: 50 },
    commandOptions: { timeout: 10_000 },
  });
  // Servers are killed on purpose; each command that fails rejects by itself.
  client.on('error', () => {});
  await client.connect();
  return client;
}
