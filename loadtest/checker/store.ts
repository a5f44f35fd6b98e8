import pg from 'pg';
import { connectToRedis } from '../redis-client.ts';
import { requestNumberOf } from '../scenarios/lib/request-number.ts';
import type { Stored } from './judge.ts';

const TIMEOUT_MS = 20_000;
const BATCH = 500;

/** Dapr's key: a prefix for the application, then the application's key. */
const ORDER_KEY = /^(?:[\w.-]+\|\|)?o:(.+)$/;

/**
 * Every order in a state store, read by the store's own client.
 *
 * @param url redis:// or rediss://, or postgres:// or postgresql://
 */
export function readOrders(url: string): Promise<Stored[]> {
  const { protocol } = new URL(url);
  if (/^rediss?:$/.test(protocol)) return fromRedis(url);
  if (/^postgres(ql)?:$/.test(protocol)) return fromPostgres(url);
  throw new Error(`${protocol} is neither redis: nor postgresql:`);
}

/** Dapr stores a hash per key, with the document in `data`. */
async function fromRedis(url: string): Promise<Stored[]> {
  const client = await connectToRedis(url);
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

/** Dapr stores a row per key. */
async function fromPostgres(url: string): Promise<Stored[]> {
  const client = new pg.Client({
    connectionString: url,
    query_timeout: TIMEOUT_MS,
    connectionTimeoutMillis: TIMEOUT_MS,
  });
  // A lost connection also rejects the query. Without a listener it would end the process.
  client.on('error', () => {});
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

/** @throws when the document is not an order */
function orderOf(key: string, document: string): Stored {
  const { status, request, createdAt, settledAt, notify, noted } = JSON.parse(document);
  if (typeof status !== 'string' || !Array.isArray(request?.lines))
    throw new Error(`the document of ${key} is not an order`);
  return {
    id: ORDER_KEY.exec(key)?.[1] ?? key,
    run: request.consumerId,
    requestNumber: requestNumberOf(request.lines),
    status,
    createdAt,
    ...(settledAt !== undefined && { decidedAt: settledAt }),
    ...(notify && { notified: noted !== undefined }),
  };
}
