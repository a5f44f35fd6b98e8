import { parseInfo, withRedis } from './redis-connection.ts';
import type { Part, StoreSettings, Variable } from './store-settings.ts';

const TIMEOUT_MS = 10_000;

/** The settings that each part needs, by their names in redis.conf. The broker may lose messages: the outbox sends them again. */
const REQUIRED: Readonly<Record<Part, Readonly<Record<string, string>>>> = {
  stateStore: { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' },
  broker: { 'maxmemory-policy': 'noeviction' },
};

/** The settings of a Redis. Managed ones may refuse CONFIG, so INFO, which has two of the three, is read as well. */
export const readRedisSettings = (variable: Variable, part: Part): Promise<StoreSettings> =>
  withRedis(variable, { timeoutMs: TIMEOUT_MS }, async (client) => {
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
  });

function fromInfo(info: ReadonlyMap<string, string>, name: string): string | undefined {
  if (name === 'maxmemory-policy') return info.get('maxmemory_policy');
  const isOn = info.get('aof_enabled');
  return name === 'appendonly' && isOn !== undefined ? (isOn === '1' ? 'yes' : 'no') : undefined;
}
