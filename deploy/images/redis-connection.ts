import { RedisClient } from '@redis/client';
import type { ConnectionLimits, Variable } from './store-settings.ts';

/** One class for all clients. `createClient` would make a class of 150 KB for each address in turn. */
const createClient = RedisClient.factory({});
type Client = ReturnType<typeof createRedisClient>;

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Runs `work` with a connection to the Redis that the settings of a component name, and then closes the connection. */
export async function withRedis<T>(
  variable: Variable,
  limits: ConnectionLimits,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const credentials = { username: variable('REDIS_USERNAME'), password: variable('REDIS_PASSWORD') };
  const server = await findServer(variable, limits);
  return withClient(createRedisClient(server, credentials, variable, limits), limits, work);
}

/** The fields of a response to INFO. */
export const parseInfo = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));

/** The server of the address, or the master that the first sentinel in reach names. */
async function findServer(variable: Variable, limits: ConnectionLimits): Promise<Address> {
  const addresses = (variable('REDIS_HOST') ?? '').split(',').map(parseAddress);
  const master = variable('SENTINEL_MASTER_NAME');
  if (master === undefined) return addresses[0] as Address;
  const credentials = { username: variable('SENTINEL_USERNAME'), password: variable('SENTINEL_PASSWORD') };
  return Promise.any(
    addresses.map((address) =>
      withClient(createRedisClient(address, credentials, variable, limits), limits, async (sentinel) => {
        const answer = await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master]);
        if (!Array.isArray(answer)) throw new Error(`the sentinel ${address.host} has no master ${master}`);
        return { host: String(answer[0]), port: Number(answer[1]) };
      }),
    ),
  );
}

/** HOST:PORT; an IPv6 address is in brackets. */
function parseAddress(text: string): Address {
  const { hostname, port } = new URL(`redis://${text.trim()}`);
  return { host: hostname.replace(/[[\]]/g, ''), port: Number(port || 6379) };
}

function createRedisClient(
  { host, port }: Address,
  { username, password }: Credentials,
  variable: Variable,
  { timeoutMs }: ConnectionLimits,
) {
  const cert = variable('CLIENT_CERT');
  const key = variable('CLIENT_KEY');
  // The timeout of a command ends when the command is sent, so an idle connection is closed.
  const timeouts = { connectTimeout: timeoutMs, socketTimeout: timeoutMs };
  const tcp = { host, port, ...timeouts, reconnectStrategy: false } as const;
  const tls = {
    tls: true,
    servername: host,
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  } as const;
  return createClient({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    commandOptions: { timeout: timeoutMs },
    socket: variable('ENABLE_TLS') === 'true' ? { ...tcp, ...tls } : tcp,
  });
}

async function withClient<T>(
  client: Client,
  { signal }: ConnectionLimits,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const close = () => client.destroy();
  // Each command rejects by itself.
  client.on('error', () => {});
  signal?.addEventListener('abort', close);
  try {
    await client.connect();
    return await work(client);
  } finally {
    signal?.removeEventListener('abort', close);
    // Also after a failed connection: the library keeps a client until it is destroyed.
    close();
  }
}
