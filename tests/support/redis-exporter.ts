import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Redis } from './redis.ts';

/** Serves the two metrics of a Redis exporter (oliver006/redis_exporter) that the chart's rules and dashboard use. */
export interface RedisExporter {
  /** URL of the metrics. */
  readonly url: string;
  close(): Promise<void>;
}

/** The fields of INFO, by the names that the exporter gives them. */
const METRICS = { redis_memory_used_bytes: 'used_memory', redis_memory_max_bytes: 'maxmemory' } as const;

export async function startRedisExporter(redis: Redis): Promise<RedisExporter> {
  const server = createServer(async (_, response) => {
    const info = await redis.info('memory').catch(() => '');
    const lines = Object.entries(METRICS).flatMap(([name, field]) => {
      const value = new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1];
      return value === undefined ? [] : [`# TYPE ${name} gauge\n${name} ${value}\n`];
    });
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(lines.join(''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
