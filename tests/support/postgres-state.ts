import pg from 'pg';
import { type StateReader, storedOrders } from './state.ts';

const QUERY_DEADLINE_MS = 10_000;

/** Reads the table of Dapr's PostgreSQL store (v2): `state` has a row per key, with `value` and `etag`. */
export function postgresState(url: string): StateReader {
  const pool = new pg.Pool({
    connectionString: url,
    query_timeout: QUERY_DEADLINE_MS,
    connectionTimeoutMillis: QUERY_DEADLINE_MS,
  });
  // Tests kill the server on purpose; each query rejects by itself.
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
