import { type FillLevel, limitOf } from './fill-level.ts';
import { parseInfo, withRedis } from './redis-connection.ts';
import type { ConnectionLimits, Variable } from './store-settings.ts';

/** Memory of a Redis, and its volume if the size of the volume is given. */
export async function readRedisFillLevels(variable: Variable, limits: ConnectionLimits): Promise<readonly FillLevel[]> {
  return redisFillLevels(await withRedis(variable, limits, (client) => client.info()), variable('VOLUME_BYTES'));
}

/** @param info the response to INFO */
export function redisFillLevels(info: string, volumeBytes: string | undefined): readonly FillLevel[] {
  const fields = parseInfo(info);
  const used = fields.get('used_memory');
  if (used === undefined) throw new Error('INFO has no used_memory');
  const memory = { resource: 'memory', usedBytes: Number(used), limitBytes: limitOf(fields.get('maxmemory')) } as const;
  // The append-only file is the only large file of the volume. Without one the field is absent.
  const file = fields.get('aof_current_size');
  if (volumeBytes === undefined || file === undefined) return [memory];
  return [memory, { resource: 'volume', usedBytes: Number(file), limitBytes: limitOf(volumeBytes) }];
}
