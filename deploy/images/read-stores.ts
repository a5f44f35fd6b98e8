/**
 * Reads the settings of external stores that decide whether an acknowledged order can be lost, for the chart's hook after an
 * installation. The environment has the settings of the Dapr components, such as STATE_STORE_REDIS_HOST for redisHost.
 */
import { readPostgresqlSettings } from './postgresql-settings.ts';
import { readRedisSettings } from './redis-settings.ts';
import { type Part, reasonOf, type StoreSettings, type Variable } from './store-settings.ts';

/** The prefixes of the variables of each part. */
const PREFIXES: Readonly<Record<Part, string>> = { stateStore: 'STATE_STORE', broker: 'BROKER' };

/** The settings of every store that the environment names. A store that cannot be read has a warning: the sidecars may reach it. */
export async function readStores(env: NodeJS.ProcessEnv): Promise<ReadonlyMap<Part, StoreSettings>> {
  const stores = new Map<Part, StoreSettings>();
  for (const part of Object.keys(PREFIXES) as Part[]) {
    const variable: Variable = (name) => env[`${PREFIXES[part]}_${name}`] || undefined;
    const kind = variable('KIND');
    if (kind === undefined) continue;
    const read = kind === 'postgresql' ? readPostgresqlSettings : readRedisSettings;
    stores.set(part, await read(variable, part).catch(notRead));
  }
  return stores;
}

const notRead = (error: unknown): StoreSettings => ({
  values: {},
  faults: [],
  warnings: [`its settings could not be read: ${reasonOf(error)}`],
});
