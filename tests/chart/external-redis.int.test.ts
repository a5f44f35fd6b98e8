// @module-tag kubeconform
// @module-tag helm
import { mkdir, writeFile } from 'node:fs/promises';
import { resolveTool } from '@standing-order/tools';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectRedis, type Redis } from '../support/redis.ts';
import { ExternalStore, renderComponent, runVerification } from './external-store.ts';
import { type KubernetesObject, one, render } from './helm.ts';
import { workloads } from './pods.ts';

const USER = 'orders';
const SECRETS = { password: 'secret', sentinel: 'watch' };
/** A user of a managed Redis, which must not read the configuration. */
const LIMITED = 'limited';
let store: ExternalStore;
let port: number;
let sentinelPort: number;
/** Without TLS, for the connection of the test. */
let plainPort: number;

/** A Redis with TLS, a private certificate authority, ACL users and no default user, and a sentinel that watches it. */
beforeAll(async () => {
  store = await ExternalStore.create();
  await store.createCertificates();
  [port, sentinelPort, plainPort] = [store.port(), store.port(), store.port()];
  const users = [`user ${USER} on >${SECRETS.password} ~* &* +@all`, 'user default off'];
  users.push(`user ${LIMITED} on >${SECRETS.password} ~* &* +@all -config`);
  await writeFile(path('users.acl'), `${users.join('\n')}\n`);
  const flags = [
    '--port',
    `${plainPort}`,
    '--bind',
    '127.0.0.1',
    '--tls-port',
    `${port}`,
    ...tlsFlags(),
    '--aclfile',
    path('users.acl'),
    '--save',
    '',
  ];
  store.start('redis', await resolveTool('redis-server'), [...flags, '--dir', store.folder]);
  const sentinel = [
    'port 0',
    `tls-port ${sentinelPort}`,
    'tls-replication yes',
    'sentinel resolve-hostnames yes',
    'sentinel announce-hostnames yes',
    `sentinel monitor orders localhost ${port} 1`,
    `sentinel auth-user orders ${USER}`,
    `sentinel auth-pass orders ${SECRETS.password}`,
    `requirepass ${SECRETS.sentinel}`,
  ];
  await writeFile(path('sentinel.conf'), `${sentinel.join('\n')}\n`);
  store.start('sentinel', await resolveTool('redis-server'), [path('sentinel.conf'), '--sentinel', ...tlsFlags()]);
}, 120_000);

afterAll(() => store.close());

const path = (file: string) => store.path(file);
const tlsFlags = () => [
  ...['--tls-cert-file', path('server.crt'), '--tls-key-file', path('server.key')],
  ...['--tls-ca-cert-file', path('ca.crt'), '--tls-auth-clients', 'no'],
];

/** Values of an external Redis as the state store. */
const redis = (external: object) => ({
  stateStore: { inChart: false, external: { address: `localhost:${port}`, existingSecret: 'mine', ...external } },
});
const behindSentinel = (passwordKey: string) =>
  redis({
    ...{ username: USER, tls: true, address: `localhost:${sentinelPort}` },
    sentinel: { masterName: 'orders', passwordKey },
  });
test('a sidecar connects to a Redis with TLS of a private authority and an ACL user, as the chart configures it', async () => {
  const component = await renderComponent('state', redis({ username: USER, tls: true }), SECRETS);
  expect((await store.startSidecar(component)).log).toContain('Component loaded: state');
});

test.each([
  ['without the authority', { username: USER, tls: true }, 'none', 'unknown authority'],
  ['with the default user', { tls: true }, '', 'WRONGPASS'],
  ['without TLS', { username: USER }, '', 'Failed to init component state'],
])('a sidecar %s does not connect', async (_, external, certificates, reason) => {
  const component = await renderComponent('state', redis(external), SECRETS);
  expect((await store.startSidecar(component, certificates || store.folder)).log).toContain(reason);
});

test.each([
  ['with the password of the sentinel', 'sentinel', 'Component loaded: state'],
  ['with a wrong password of the sentinel', 'password', 'Failed to init component state'],
])('a sidecar %s finds the Redis behind it, or does not', async (_, passwordKey, result) => {
  const component = await renderComponent('state', behindSentinel(passwordKey), SECRETS);
  expect((await store.startSidecar(component)).log).toContain(result);
});

describe('the hook of the chart reads the settings of the Redis', () => {
  const valid = { username: USER, tls: true };
  let env: NodeJS.ProcessEnv;
  let client: Redis;

  beforeAll(async () => {
    env = { NODE_EXTRA_CA_CERTS: path('ca.crt') };
    client = await connectRedis(`redis://${USER}:${SECRETS.password}@127.0.0.1:${plainPort}`);
  });
  afterAll(() => client.destroy());

  const configure = async (settings: Readonly<Record<string, string>>) => void (await client.configSet(settings));

  test('wrong ones fail the installation, with the value that accepts them', async () => {
    await configure({ appendonly: 'no', appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru' });
    const { code, stdout } = await runVerification(redis(valid), SECRETS, env);
    expect(stdout).toContain('ORDERS CAN BE LOST: stateStore: appendonly is no, and must be yes');
    expect(stdout).toContain('ORDERS CAN BE LOST: stateStore: appendfsync is everysec, and must be always');
    expect(stdout).toContain('ORDERS CAN BE LOST: stateStore: maxmemory-policy is allkeys-lru, and must be noeviction');
    expect([code, stdout]).toEqual([1, expect.stringContaining('verification.stores=warn')]);
    const accepted = { ...redis(valid), verification: { stores: 'warn' } };
    expect(await runVerification(accepted, SECRETS, env)).toEqual({
      code: 0,
      stdout: expect.stringContaining('CAN BE LOST'),
    });
  });

  test('right ones pass, through a sentinel, too', async () => {
    await configure({ appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' });
    for (const values of [redis(valid), behindSentinel('sentinel')]) {
      const { code, stdout } = await runVerification(values, SECRETS, env);
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining('stateStore: appendonly=yes, appendfsync=always, maxmemory-policy=noeviction\n'),
      ]);
      expect(stdout).not.toContain('WARNING');
    }
  });

  test('a broker needs only that no message is evicted', async () => {
    await configure({ appendonly: 'no' });
    const { stateStore } = redis(valid);
    const values = { broker: stateStore };
    expect(await runVerification(values, SECRETS, env)).toMatchObject({ code: 0 });
    await configure({ 'maxmemory-policy': 'volatile-lru' });
    expect(await runVerification(values, SECRETS, env)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('broker: maxmemory-policy is volatile-lru, and must be noeviction'),
    });
  });

  test('a server that refuses CONFIG shows all but one by INFO; the other is a warning', async () => {
    await configure({ appendonly: 'yes', 'maxmemory-policy': 'noeviction' });
    const { code, stdout } = await runVerification(redis({ ...valid, username: LIMITED }), SECRETS, env);
    expect(stdout).toContain('stateStore: appendonly=yes, maxmemory-policy=noeviction\n');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/WARNING: stateStore: appendfsync could not be read \(NOPERM.*must be always/),
    ]);
  });

  test('a server that it cannot reach is a warning: the sidecars may reach it', async () => {
    const { code, stdout } = await runVerification(redis(valid), { password: 'wrong' }, env);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/WARNING: stateStore: its settings could not be read: .*WRONGPASS/),
    ]);
  });

  test('the Job alone has the credentials, and only if it reads the settings', async () => {
    const secretsOf = (objects: readonly KubernetesObject[]) =>
      workloads(objects)
        .filter((workload) => JSON.stringify(workload).includes('"name":"mine"'))
        .map(({ metadata }) => metadata.name);
    expect(secretsOf(await render(redis(valid)))).toEqual(['so-verify']);
    expect(secretsOf(await render({ ...redis(valid), verification: { stores: 'skip' } }))).toEqual([]);
  });
});

test('the Redis of the chart has these settings', async () => {
  for (const [part, fsync] of [
    ['state-store', 'always'],
    ['broker', 'everysec'],
  ] as const) {
    const own = store.port();
    const [container] = one(await render(), 'StatefulSet', `so-${part}`).spec.template.spec.containers;
    const folder = path(part);
    await mkdir(folder);
    const command = container.args[0].replace('--dir /data', `--dir ${folder} --port ${own}`);
    const script = command.replace('exec redis-server', `exec ${await resolveTool('redis-server')}`);
    store.start(part, 'env', ['REDIS_PASSWORD=p', ...container.command, script]);
    const client = await connectRedis(`redis://:p@127.0.0.1:${own}`);
    expect(await client.configGet(['appendonly', 'appendfsync', 'maxmemory-policy'])).toEqual({
      appendonly: 'yes',
      appendfsync: fsync,
      'maxmemory-policy': 'noeviction',
    });
    client.destroy();
  }
});
