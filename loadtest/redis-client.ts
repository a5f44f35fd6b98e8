import { createClient, type RedisClientType } from 'redis';

const TIMEOUT_MS = 20_000;

export interface ConnectionOptions {
  /** Opens a lost connection again after this time; default: it stays closed, and every command rejects. */
  readonly reconnectMs?: number;
  /** False: commands have no deadline. A timer for each command would cost a measured process time. */
  readonly deadline?: boolean;
}

/** A connection to Redis. Each command rejects with its own error. Call `destroy` at the end. */
export async function connectToRedis(
  url: string,
  { reconnectMs, deadline = true }: ConnectionOptions = {},
): Promise<RedisClientType> {
  const client: RedisClientType = createClient({
    url,
    socket: { reconnectStrategy: reconnectMs ?? false, connectTimeout: TIMEOUT_MS },
    ...(deadline && { commandOptions: { timeout: TIMEOUT_MS } }),
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}
