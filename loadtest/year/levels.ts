import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '@standing-order/local';
import pg from 'pg';
import { connectToRedis } from '../redis-client.ts';
import { POSTGRESQL, type Settings } from './settings.ts';

/** Fill levels at one moment, by name. */
export type Levels = Readonly<Record<string, number>>;

/** Reads the fill level of a store or a broker by its own client. */
export interface LevelReader {
  read(): Promise<Levels>;
  close(): Promise<void>;
}

const SCAN_COUNT = 1_000;
const ORDER_KEYS = '*||o:*';
/** Allocated size of a block in `stat`. */
const BLOCK_BYTES = 512;

/** Reads the levels of both. */
export async function createLevelReader({ store, broker }: Settings, platform: Platform): Promise<LevelReader> {
  const readers = await Promise.all([
    store === 'redis' ? redisState(platform.stores.state) : postgresqlState(platform.stores.state),
    broker === 'redis' ? redisBroker(platform.stores.broker) : kafkaBroker(join(platform.dataDir, 'kafka')),
  ]);
  return {
    read: async () => Object.assign({}, ...(await Promise.all(readers.map((reader) => reader.read())))),
    close: async () => void (await Promise.all(readers.map((reader) => reader.close()))),
  };
}

const numberIn = (info: string, field: string): number =>
  Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? Number.NaN);

async function redisState(url: string): Promise<LevelReader> {
  const client = await connectToRedis(url);
  return {
    async read() {
      let orders = 0;
      for await (const keys of client.scanIterator({ MATCH: ORDER_KEYS, COUNT: SCAN_COUNT })) orders += keys.length;
      const [info, entries] = await Promise.all([client.info('everything'), client.dbSize()]);
      return {
        orders,
        entries,
        stateBytes: numberIn(info, 'used_memory'),
        journalBytes: numberIn(info, 'aof_current_size'),
      };
    },
    close: async () => client.destroy(),
  };
}

async function redisBroker(url: string): Promise<LevelReader> {
  const client = await connectToRedis(url);
  return {
    async read() {
      let messages = 0;
      for await (const keys of client.scanIterator({ TYPE: 'stream', COUNT: SCAN_COUNT })) {
        const lengths = await Promise.all(keys.map((key) => client.xLen(key)));
        messages += lengths.reduce((sum, length) => sum + length, 0);
      }
      return { messages, brokerBytes: numberIn(await client.info('memory'), 'used_memory') };
    },
    close: async () => client.destroy(),
  };
}

async function postgresqlState(url: string): Promise<LevelReader> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of POSTGRESQL) await client.query(statement);
  await client.query('SELECT pg_reload_conf()');
  return {
    async read() {
      const { rows } = await client.query<Record<string, string>>(`
        SELECT count(*) FILTER (WHERE key LIKE '%||o:%' AND (expires_at IS NULL OR expires_at > now())) AS "orders",
          count(*) AS "entries",
          (SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables) AS "stateBytes",
          (SELECT sum(size) FROM pg_ls_waldir()) AS "journalBytes"
        FROM state`);
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]));
    },
    close: () => client.end(),
  };
}

async function kafkaBroker(folder: string): Promise<LevelReader> {
  return { read: async () => ({ brokerBytes: await allocatedBytes(folder) }), close: async () => undefined };
}

/** Bytes that the files of a folder take on the disk. Kafka's index files are larger by their length than on the disk. */
async function allocatedBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        lstat(join(entry.parentPath, entry.name)).then(
          ({ blocks }) => blocks * BLOCK_BYTES,
          // Kafka deleted the file meanwhile.
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
