import { createClient } from '@redis/client';
import type { Part, StoreSettings, Variable } from './store-settings.ts';

const TIMEOUT_MS = 10_000;

/** The settings that each part needs, by their names in redis.conf. The broker may lose messages: the outbox sends them again. */
const REQUIRED: Readonly<Record<Part, Readonly<Record<string, string>>>> = {
  stateStore: { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' },
  broker: { 'maxmemory-policy': 'noeviction' },
};

interface Address {
  readonly host: string;
  readonly port: number;
}

/** The settings of a Redis. Managed ones may refuse CONFIG, so INFO, which has two of the three, is read as well. */
export async function readRedisSettings(variable: Variable, part: Part): Promise<StoreSettings> {
  const client = await connect(await findServer(variable), variable, {
    username: variable('REDIS_USERNAME'),
    password: variable('REDIS_PASSWORD'),
  });
  try {
    const info = parseInfo(await client.info().catch(() => ''));
    const values: Record<string, string> = {};
    const faults: string[] = [];
    const warnings: string[] = [];
    for (const [name, required] of Object.entries(REQUIRED[part])) {
      const configured = await client.configGet(name).catch((error: Error) => error);
      const value = configured instanceof Error ? fromInfo(info, name) : configured[name];
      if (value === undefined) {
        const reason = configured instanceof Error ? configured.message : 'no such setting';
        warnings.push(`${name} could not be read (${reason}): it must be ${required}`);
      } else {
        values[name] = value;
        if (value !== required) faults.push(`${name} is ${value}, and must be ${required}`);
      }
    }
    if (info.get('redis_mode') === 'cluster') faults.push('it is a Redis Cluster, which is not supported');
    if (part === 'stateStore' && Number(info.get('connected_slaves')) > 0)
      warnings.push('it has replicas: a failover may lose the newest acknowledged orders');
    return { values, faults, warnings };
  } finally {
    client.destroy();
  }
}

function fromInfo(info: ReadonlyMap<string, string>, name: string): string | undefined {
  if (name === 'maxmemory-policy') return info.get('maxmemory_policy');
  const isOn = info.get('aof_enabled');
  return name === 'appendonly' && isOn !== undefined ? (isOn === '1' ? 'yes' : 'no') : undefined;
}

const parseInfo = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));

/** The server of the address, or the master that the first sentinel in reach names. */
async function findServer(variable: Variable): Promise<Address> {
  const addresses = (variable('REDIS_HOST') ?? '').split(',').map(parseAddress);
  const master = variable('SENTINEL_MASTER_NAME');
  if (master === undefined) return addresses[0] as Address;
  const credentials = { username: variable('SENTINEL_USERNAME'), password: variable('SENTINEL_PASSWORD') };
  return Promise.any(
    addresses.map(async (address) => {
      const sentinel = await connect(address, variable, credentials);
      try {
        const answer = await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master]);
        if (!Array.isArray(answer)) throw new Error(`the sentinel ${address.host} has no master ${master}`);
        return { host: String(answer[0]), port: Number(answer[1]) };
      } finally {
        sentinel.destroy();
      }
    }),
  );
}

/** HOST:PORT; an IPv6 address is in brackets. */
function parseAddress(text: string): Address {
  const { hostname, port } = new URL(`redis://${text.trim()}`);
  return { host: hostname.replace(/[[\]]/g, ''), port: Number(port || 6379) };
}

interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

async function connect({ host, port }: Address, variable: Variable, { username, password }: Credentials) {
  const cert = variable('CLIENT_CERT');
  const key = variable('CLIENT_KEY');
  const tcp = { host, port, connectTimeout: TIMEOUT_MS, reconnectStrategy: false } as const;
  const tls = {
    tls: true,
    servername: host,
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  } as const;
  const client = createClient({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    commandOptions: { timeout: TIMEOUT_MS },
    socket: variable('ENABLE_TLS') === 'true' ? { ...tcp, ...tls } : tcp,
  });
  // Each command rejects by itself.
  client.on('error', () => {});
  await client.connect();
  return client;
}
