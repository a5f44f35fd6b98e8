import { createClient } from 'redis';

/** A client of one Redis server of the test. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** Connects to a Redis server, and waits while the server starts. Call `destroy` at the end. */
export async function connectRedis(url: string) {
  const client = createClient({
    url,
    socket: { reconnectStrategy: 50 },
    commandOptions: { timeout: 10_000 },
  });
  // Tests kill servers on purpose; each command rejects by itself.
  client.on('error', () => {});
  await client.connect();
  return client;
}
