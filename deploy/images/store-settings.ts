/**
 * Reads the settings of external stores that decide whether an acknowledged order can be lost, for the chart's hook after an
 * installation. The environment has the settings of the Dapr components, such as STATE_STORE_REDIS_HOST for redisHost.
 */
import { readPostgresqlSettings } from './postgresql-settings.ts';
import { readRedisSettings } from './redis-settings.ts';

/** The settings that were read, by name. */
export interface StoreSettings {
  readonly values: Readonly<Record<string, string>>;
  /** Settings with which orders can be lost. */
  readonly faults: readonly string[];
  /** Settings that could not be read, and settings that are wrong in some installations only. */
  readonly warnings: readonly string[];
}

/** The parts of the values that may be external stores, with the prefix of their variables. */
const PARTS = { stateStore: 'STATE_STORE', broker: 'BROKER' } as const;
export type Part = keyof typeof PARTS;

/** Reads a variable of a part by the name of the setting after the prefix; undefined without it. */
export type Variable = (name: string) => string | undefined;

/** The settings of every store that the environment names. A store that cannot be read has a warning: the sidecars may reach it. */
export async function readStores(env: NodeJS.ProcessEnv): Promise<ReadonlyMap<Part, StoreSettings>> {
  const stores = new Map<Part, StoreSettings>();
  for (const part of Object.keys(PARTS) as Part[]) {
    const variable: Variable = (name) => env[`${PARTS[part]}_${name}`] || undefined;
    const kind = variable('KIND');
    if (kind === undefined) continue;
    const read = kind === 'postgresql' ? readPostgresqlSettings : readRedisSettings;
    stores.set(part, await read(variable, part).catch(notRead));
  }
  return stores;
}

function notRead(error: unknown): StoreSettings {
  const reason = error instanceof AggregateError ? error.errors.map(String).join(', ') : String(error);
  return { values: {}, faults: [], warnings: [`its settings could not be read: ${reason}`] };
}
