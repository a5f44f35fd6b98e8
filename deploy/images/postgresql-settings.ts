import pg from 'pg';
import type { Part, StoreSettings, Variable } from './store-settings.ts';

const TIMEOUT_MS = 10_000;
const NAMES = ['synchronous_commit', 'synchronous_standby_names', 'fsync', 'full_page_writes'] as const;

/** The settings of a PostgreSQL, as they hold for the user and the database of the connection. */
export async function readPostgresqlSettings(variable: Variable, _part: Part): Promise<StoreSettings> {
  const connectionString = toUrl(variable('CONNECTION_STRING') ?? '');
  const client = new pg.Client({ connectionString, query_timeout: TIMEOUT_MS, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    const values: Record<string, string> = {};
    for (const name of NAMES) values[name] = (await client.query(`SHOW ${name}`)).rows[0][name];
    const { rows } = await client.query('SELECT count(*)::int AS count FROM pg_stat_replication');
    return { values, ...judge(values, rows[0].count) };
  } finally {
    await client.end();
  }
}

/** @param standbys the number of connected standbys */
function judge(values: Readonly<Record<string, string>>, standbys: number): Omit<StoreSettings, 'values'> {
  const faults: string[] = [];
  const warnings: string[] = [];
  const isSynchronous = values.synchronous_standby_names !== '';
  if (values.synchronous_commit === 'off') faults.push('synchronous_commit is off, and must be on');
  if (values.synchronous_commit === 'local' && isSynchronous)
    faults.push('synchronous_commit is local, and must be on: it does not wait for the synchronous standby');
  if (values.fsync === 'off') faults.push('fsync is off, and must be on');
  if (values.full_page_writes === 'off')
    warnings.push('full_page_writes is off: it must be on, unless the file system writes pages atomically');
  if (standbys > 0 && !isSynchronous)
    warnings.push('no standby is synchronous: a failover may lose the newest acknowledged orders');
  return { faults, warnings };
}

/**
 * The connection string of Dapr as a URL. It may consist of settings, such as `host=db user=orders`. TLS modes have the
 * meaning that they have in PostgreSQL.
 */
function toUrl(text: string): string {
  const isUrl = /^postgres(ql)?:\/\//.test(text);
  const url = new URL(isUrl ? text : 'postgres://');
  if (!isUrl) {
    for (const [, name = '', quoted, plain = ''] of text.matchAll(/(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))/g)) {
      const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1');
      if (name === 'dbname' || name === 'database') url.pathname = `/${encodeURIComponent(value)}`;
      else url.searchParams.set(name, value);
    }
  }
  if (url.searchParams.has('sslmode')) url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}
