import pg from 'pg';
import { createClient } from 'redis';
import { markOf } from '../scenarios/lib/mark.ts';
import type { Stored } from './verdict.ts';

const DEADLINE_MS = 20_000;
const BATCH = 500;

/** A key as Dapr stores it: the application's prefix, then the application's own key. */
const ORDER_KEY = /^(?:[\w.-]+\|\|)?o:(.+)$/;

/**
 * Every order in a state store, read past the services and past Dapr.
 *
 * @param url redis:// or rediss://, or postgres:// or postgresql://
 */
export function readOrders(url: string): Promise<Stored[]> {
  const { protocol } = new URL(url);
  if (/^rediss?:$/.test(protocol)) return fromRedis(url);
  if (/^postgres(ql)?:$/.test(protocol)) return fromPostgres(url);
  throw new Error(`${protocol} is neither redis: nor postgresql:`);
}

/** Dapr keeps a hash per key, with the document in `data`. */
async function fromRedis(url: string): Promise<Stored[]> {
  const client = createClient({
    url,
    socket: { reconnectStrategy: false, connectTimeout: DEADLINE_MS },
    commandOptions: { timeout: DEADLINE_MS },
  });
  // Each command rejects by itself.
  client.on('error', () => {});
  await client.connect();
  try {
    const orders = new Map<string, Stored>();
    for await (const found of client.scanIterator({ MATCH: '*o:*', COUNT: BATCH })) {
      const keys = found.filter((key) => ORDER_KEY.test(key));
      const documents = await Promise.all(keys.map((key) => client.hGet(key, 'data')));
      keys.forEach((key, index) => {
        const document = documents[index];
        if (document != null) orders.set(key, orderOf(key, document));
      });
    }
    return [...orders.values()];
  } finally {
    client.destroy();
  }
}

/** Dapr keeps a row per key. */
async function fromPostgres(url: string): Promise<Stored[]> {
  const client = new pg.Client({
    connectionString: url,
    query_timeout: DEADLINE_MS,
    connectionTimeoutMillis: DEADLINE_MS,
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ key: string; value: string }>(
      "SELECT key, convert_from(value, 'UTF8') AS value FROM state WHERE key LIKE '%o:%'",
    );
    return rows.filter(({ key }) => ORDER_KEY.test(key)).map(({ key, value }) => orderOf(key, value));
  } finally {
    await client.end();
  }
}

/** @throws when the document is no order */
function orderOf(key: string, document: string): Stored {
  const { status, request } = JSON.parse(document);
  if (typeof status !== 'string' || !Array.isArray(request?.lines)) throw new Error(`${key} holds no order`);
  return { id: ORDER_KEY.exec(key)?.[1] ?? key, run: request.consumerId, mark: markOf(request.lines), status };
}
