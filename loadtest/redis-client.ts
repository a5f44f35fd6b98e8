import { createClient } from 'redis';

const TIMEOUT_MS = 20_000;

/** A connection for a command line: it is not opened again after it was lost, and each command has a deadline. */
export async function connectToRedis(url: string) {
  const client = createClient({
    url,
    socket: { reconnectStrategy: false, connectTimeout: TIMEOUT_MS },
    commandOptions: { timeout: TIMEOUT_MS },
  });
  // Each command rejects with its own error.
  client.on('error', () => {});
  await client.connect();
  return client;
}
