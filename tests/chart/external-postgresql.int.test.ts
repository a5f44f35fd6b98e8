// @module-tag kubeconform
// @module-tag helm
// @module-tag postgres
import { chown, copyFile } from 'node:fs/promises';
import { postgresqlProcess } from '@standing-order/local/processes/postgresql';
import { poll } from '@standing-order/testing/poll';
import { resolveTool } from '@standing-order/tools';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ExternalStore, renderComponent, runVerification } from './external-store.ts';
import { one, render } from './helm.ts';

const PASSWORD = 'secret';
let store: ExternalStore;
let port: number;
let admin: pg.Client;

/** A PostgreSQL with TLS of a private certificate authority, and with default settings otherwise. */
beforeAll(async () => {
  store = await ExternalStore.create();
  await store.createCertificates();
  port = store.port();
  const binary = await resolveTool('postgres');
  const { program, prepare } = await postgresqlProcess({ binary, port, dataDir: store.folder, password: PASSWORD });
  await prepare?.(AbortSignal.timeout(60_000));
  const withDefaults = program.args.filter(
    (arg, index, args) => !isDurability(arg) && !isDurability(args[index + 1] ?? ''),
  );
  store.startProgram('postgresql', { ...program, args: withDefaults });
  admin = await poll('PostgreSQL accepts connections', connect, () => true);
  for (const file of ['server.crt', 'server.key']) {
    await copyFile(store.path(file), store.path(`postgresql/${file}`));
    if (program.user) await chown(store.path(`postgresql/${file}`), program.user.uid, program.user.gid);
  }
  await configure({ ssl: 'on' });
}, 120_000);

afterAll(async () => {
  await admin?.end();
  await store.close();
});

const isDurability = (arg: string) => /^(fsync|synchronous_commit)=/.test(arg);

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password: PASSWORD, database: 'postgres' });
  await client.connect();
  return client;
}

/** Changes settings of the server, for connections that begin from now on. */
async function configure(settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) await admin.query(`ALTER SYSTEM SET ${name} = '${value}'`);
  await admin.query('SELECT pg_reload_conf()');
  for (const [name, value] of Object.entries(settings)) {
    const read = async () => (await admin.query(`SHOW ${name}`)).rows[0][name];
    await poll(`${name} is ${value}`, read, (found) => found === value);
  }
}

const RIGHT = { synchronous_commit: 'on', synchronous_standby_names: '', fsync: 'on', full_page_writes: 'on' };
const values = { stateStore: { kind: 'postgresql', inChart: false, external: { existingSecret: 'mine' } } };
const url = (password = PASSWORD, mode = 'verify-full', host = 'localhost') =>
  `postgres://postgres:${password}@${host}:${port}/postgres?sslmode=${mode}`;
const settingsText = (password = PASSWORD) =>
  `host=localhost port=${port} user=postgres password='${password}' dbname=postgres sslmode=verify-full`;

test.each([
  ['a URL', () => url()],
  ['settings', () => settingsText()],
])(
  'a sidecar verifies the certificate of the private authority with %s, as the chart configures it',
  async (_, text) => {
    const component = await renderComponent('state', values, { connectionString: text() });
    expect((await store.startSidecar(component)).log).toContain('Component loaded: state');
  },
);

test.each([
  ['without the authority', () => url(), 'none', 'unknown authority'],
  ['at a name that is not in the certificate', () => url(PASSWORD, 'verify-full', '127.0.0.1'), '', 'x509'],
  ['with a wrong password', () => url('wrong'), '', 'password authentication failed'],
])('a sidecar %s does not connect', async (_, text, certificates, reason) => {
  const component = await renderComponent('state', values, { connectionString: text() });
  expect((await store.startSidecar(component, certificates || store.folder)).log).toContain(reason);
});

/** Runs the hook of the chart. */
const verify = (connectionString = url(), more = {}) =>
  runVerification({ ...values, ...more }, { connectionString }, { NODE_EXTRA_CA_CERTS: store.path('ca.crt') });

beforeEach(() => configure(RIGHT));

test('the PostgreSQL of the chart has the default settings, with which the hook of the chart passes', async () => {
  const [container] = one(await render({ stateStore: { kind: 'postgresql' } }), 'StatefulSet', 'so-state-store').spec
    .template.spec.containers;
  expect(container.args).toEqual(['-c', expect.stringMatching(/^max_connections=/)]);
  for (const name of Object.keys(RIGHT)) await admin.query(`ALTER SYSTEM RESET ${name}`);
  for (const text of [url(), settingsText(), url(PASSWORD, 'require')]) {
    expect(await verify(text)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^stateStore: synchronous_commit=on, .*fsync=on, full_page_writes=on\n$/m),
    });
  }
});

test.each([
  [{ synchronous_commit: 'off' }, 'synchronous_commit is off, and must be on'],
  [
    { synchronous_commit: 'local', synchronous_standby_names: 'standby' },
    'synchronous_commit is local, and must be on: it does not wait for the synchronous standby',
  ],
  [{ fsync: 'off' }, 'fsync is off, and must be on'],
])('the hook of the chart fails the installation with %o', async (settings, fault) => {
  // Until it is reset, a commit of this connection would wait for the standby.
  await configure(settings as Readonly<Record<string, string>>);
  expect(await verify()).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`ORDERS CAN BE LOST: stateStore: ${fault}`),
  });
  expect(await verify(url(), { verification: { stores: 'warn' } })).toMatchObject({ code: 0 });
});

test('the settings are those of the user of the connection', async () => {
  await admin.query('ALTER ROLE postgres SET synchronous_commit = off');
  const { code, stdout } = await verify();
  await admin.query('ALTER ROLE postgres RESET synchronous_commit');
  expect([code, stdout]).toEqual([1, expect.stringContaining('synchronous_commit is off')]);
});

test('a setting that some file systems allow, and a failed connection, are warnings of the hook', async () => {
  await configure({ full_page_writes: 'off' });
  expect(await verify()).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('WARNING: stateStore: full_page_writes is off'),
  });
  for (const [text, reason] of [
    [url('wrong'), 'password authentication failed'],
    [url(PASSWORD, 'verify-full', '127.0.0.1'), "IP: 127.0.0.1 is not in the cert's list"],
  ] as const) {
    const { code, stdout } = await verify(text);
    expect([code, stdout]).toEqual([0, expect.stringContaining('WARNING: stateStore: its settings could not be read')]);
    expect(stdout).toContain(reason);
  }
});
