// @module-tag kubeconform
// @module-tag helm
// @module-tag postgres
import { postgresqlProcess } from '@standing-order/local/processes/postgresql';
import { poll } from '@standing-order/testing/poll';
import { resolveTool } from '@standing-order/tools';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { ExternalStore } from './external-store.ts';
import { renderEnvironment, startStoreMetrics } from './store-metrics.ts';

/** With characters that a URL has to escape. */
const PASSWORD = 'a:b@c/d%e';
const MIB = 1024 * 1024;
const USED = 'store_used_bytes{store="state",resource="volume"}';

/** A PostgreSQL, a connection to it, and the program as the chart configures it for this server. */
async function start() {
  const store = await ExternalStore.create();
  onTestFinished(() => store.close());
  const port = store.port();
  const binary = await resolveTool('postgres');
  const { program, prepare } = await postgresqlProcess({ binary, port, dataDir: store.folder, password: PASSWORD });
  await prepare?.(AbortSignal.timeout(60_000));
  store.startProgram('postgresql', program);
  const admin = await poll(
    'PostgreSQL accepts connections',
    async () => {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password: PASSWORD });
      await client.connect();
      return client;
    },
    () => true,
  );
  onTestFinished(() => admin.end());
  const environment = await renderEnvironment(
    {
      stateStore: { kind: 'postgresql' },
      broker: { kind: 'kafka', inChart: false, external: { address: 'a.b:9092' } },
    },
    { addresses: { 'so-state-store.shop.svc:5432': `127.0.0.1:${port}` }, secrets: { 'so-state-store': PASSWORD } },
  );
  return { admin, ...(await startStoreMetrics(store, environment)) };
}

test('the exported fill level follows the volume of a PostgreSQL that fills', async () => {
  const { admin, scrape, child } = await start();
  const before = await scrape();
  expect(before.get('store_readable{store="state"}'), child.output()).toBe(1);
  expect(before.get('store_limit_bytes{store="state",resource="volume"}')).toBe(3 * 1024 * MIB);
  await admin.query(
    `CREATE TABLE filling AS SELECT repeat(md5(i::text), 30) AS text FROM generate_series(1, 20000) AS i`,
  );
  expect((await scrape()).get(USED)).toBeGreaterThan((before.get(USED) ?? 0) + 15 * MIB);
});

test('a PostgreSQL that does not answer in time has no query of an earlier scrape', async () => {
  const { admin, scrape } = await start();
  await admin.query('BEGIN');
  await admin.query('LOCK TABLE pg_tablespace');
  expect((await scrape()).get('store_readable{store="state"}')).toBe(0);
  await poll(
    'no query waits for the lock',
    async () => (await admin.query('SELECT pid FROM pg_locks WHERE NOT granted')).rows,
    (rows) => rows.length === 0,
    10_000,
  );
  await admin.query('ROLLBACK');
  expect((await scrape()).get('store_readable{store="state"}')).toBe(1);
});
