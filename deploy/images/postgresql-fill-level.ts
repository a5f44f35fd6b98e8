import { Socket } from 'node:net';
import pg from 'pg';
import { type FillLevel, limitOf } from './fill-level.ts';
import type { ConnectionLimits, Variable } from './store-settings.ts';

/** All databases with their temporary files, and the write-ahead log. */
const USED_BYTES = `SELECT (SELECT sum(pg_tablespace_size(oid)) FROM pg_tablespace)
  + (SELECT sum(size) FROM pg_ls_waldir()) AS used`;

/** The volume of the PostgreSQL in the chart, whose user may read every size. */
export async function readPostgresqlFillLevels(
  variable: Variable,
  { timeoutMs, signal }: ConnectionLimits,
): Promise<readonly FillLevel[]> {
  const url = new URL(variable('CONNECTION_STRING') ?? '');
  url.password = encodeURIComponent(variable('PASSWORD') ?? '');
  const socket = new Socket({ ...(signal && { signal }) });
  // PostgreSQL does not detect during a query that the connection was closed. Without its own limit, each scrape adds a session.
  const timeouts = { statement_timeout: timeoutMs, query_timeout: timeoutMs, connectionTimeoutMillis: timeoutMs };
  const client = new pg.Client({ connectionString: url.href, stream: () => socket, ...timeouts });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ used: string }>(USED_BYTES);
    const limitBytes = limitOf(variable('VOLUME_BYTES'));
    return [{ resource: 'volume', usedBytes: Number(rows[0]?.used), limitBytes }];
  } finally {
    socket.destroy();
  }
}
