import pg from 'pg';
import { type StateReader, storedOrders } from './state.ts';

const QUERY_DEADLINE_MS = 10_000;

/** Reads what Dapr's PostgreSQL store (v2) keeps: a row per key in the table `state`, with `value` and `etag`. */
export function postgresState(url: string): StateReader {
  const pool = new pg.Pool({
    connectionString: url,
    query_timeout: QUERY_DEADLINE_MS,
    connectionTimeoutMillis: QUERY_DEADLINE_MS,
  });
  // A server that goes away is part of a test; queries reject by themselves.
  pool.on('error', () => {});
  return {
    async keys() {
      const { rows } = await pool.query<{ key: string }>('SELECT key FROM state ORDER BY key');
      return rows.map(({ key }) => key);
    },
    async orders() {
      const { rows } = await pool.query<{ key: string; value: string; etag: string }>(
        "SELECT key, convert_from(value, 'UTF8') AS value, etag::text FROM state",
      );
      return storedOrders(rows.map(({ key, value, etag }) => ({ key, data: value, version: etag })));
    },
    close: () => pool.end(),
  };
}
