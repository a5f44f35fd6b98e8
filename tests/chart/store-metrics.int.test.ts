// @module-tag kubeconform
// @module-tag helm
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { poll } from '@standing-order/testing/poll';
import { resolveTool } from '@standing-order/tools';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { connectRedis, type Redis } from '../support/redis.ts';
import { ExternalStore } from './external-store.ts';
import { ofKind, one, release, render, services, type Values } from './helm.ts';
import { renderEnvironment, type StoreMetrics, startStoreMetrics } from './store-metrics.ts';

const MIB = 1024 * 1024;
const SECRETS = { 'so-state-store': 'secret', 'so-broker': 'secret' };
const USED = (store: string, resource: string) => `store_used_bytes{store="${store}",resource="${resource}"}`;
const LIMIT = (store: string, resource: string) => `store_limit_bytes{store="${store}",resource="${resource}"}`;
const READABLE = (store: string) => `store_readable{store="${store}"}`;

describe('the program that exports the fill levels, beside a Redis', () => {
  let store: ExternalStore;
  let server: Child;
  let port: number;
  let client: Redis;

  beforeAll(async () => {
    store = await ExternalStore.create();
    port = store.port();
    const settings = ['--requirepass', 'secret', '--maxmemory', '64mb', '--appendonly', 'yes', '--save', ''];
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', store.folder, ...settings];
    server = store.start('redis', await resolveTool('redis-server'), args);
    client = await connectRedis(`redis://:secret@127.0.0.1:${port}`);
  }, 120_000);
  afterAll(async () => {
    client?.destroy();
    await store.close();
  });

  /** The program as the chart configures it, with this server as the state store and the broker. */
  async function start(secrets: Readonly<Record<string, string>> = SECRETS, more = {}): Promise<StoreMetrics> {
    const local = `127.0.0.1:${port}`;
    const addresses = { 'so-state-store.shop.svc:6379': local, 'so-broker.shop.svc:6379': local };
    return startStoreMetrics(store, await renderEnvironment({}, { addresses, secrets }), more);
  }

  test('follows the memory and the append-only file of a Redis that fills', async () => {
    const { scrape } = await start();
    const before = await scrape();
    for (const name of ['state', 'broker']) {
      expect(before.get(READABLE(name))).toBe(1);
      expect(before.get(LIMIT(name, 'memory'))).toBe(64 * MIB);
      expect(before.get(LIMIT(name, 'volume'))).toBe(3 * 1024 * MIB);
    }
    await client.set('large', 'x'.repeat(16 * MIB));
    const after = await scrape();
    for (const resource of ['memory', 'volume']) {
      const grown = (after.get(USED('state', resource)) ?? 0) - (before.get(USED('state', resource)) ?? 0);
      expect(grown, resource).toBeGreaterThan(15 * MIB);
    }
    await client.del('large');
    // Redis frees the buffers of a connection with a delay.
    const isFree = (samples: ReadonlyMap<string, number>) =>
      (samples.get(USED('state', 'memory')) ?? MIB * 64) < 8 * MIB;
    await poll('the memory is free again', scrape, isFree);
  });

  test('has no fill level of a Redis that refuses the password, logs it once, and still has that of the other', async () => {
    const { scrape, child } = await start({ ...SECRETS, 'so-broker': 'wrong' });
    for (const _ of [1, 2, 3]) {
      const samples = await scrape();
      expect([samples.get(READABLE('state')), samples.get(READABLE('broker'))]).toEqual([1, 0]);
      expect([...samples.keys()].filter((name) => /bytes.*broker/.test(name))).toEqual([]);
      expect(samples.get(USED('state', 'memory'))).toBeGreaterThan(0);
    }
    expect(child.output().match(/WRONGPASS/g)).toHaveLength(1);
    expect(child.output()).not.toContain('"wrong"');
  });

  test('answers while a Redis does not, and has the fill level again afterwards', async () => {
    const { scrape } = await start();
    server.pause();
    try {
      expect([...(await scrape()).keys()]).toEqual([READABLE('state'), READABLE('broker')]);
    } finally {
      server.resume();
    }
    expect((await scrape()).get(READABLE('state'))).toBe(1);
  });

  test('answers a scrape in progress, and then ends, when it is stopped', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const { port: silentPort } = silent.address() as AddressInfo;
    const { scrape, child } = await start(SECRETS, { STATE_STORE_REDIS_HOST: `127.0.0.1:${silentPort}` });
    const reads = once(silent, 'connection');
    const scraped = scrape();
    const [socket] = await reads;
    const closed = once(socket.resume(), 'close');
    const [samples] = await Promise.all([scraped, child.stop()]);
    expect([samples.get(READABLE('state')), samples.get(READABLE('broker'))]).toEqual([0, 1]);
    expect(child.output()).toContain('"msg":"stopped"');
    // The program does not leave its connection to a silent store open.
    await closed;
  });
});

describe('the pod that exports the fill levels', () => {
  const enabled = (values: Values = {}): Values => ({ ...values, monitoring: { stores: { enabled: true } } });
  const NAME = `${release}-store-metrics`;
  const redis = (external: object) => ({ inChart: false, external });
  const kafka = { kind: 'kafka', inChart: false, external: { address: 'kafka.example:9092' } };
  const postgresql = { kind: 'postgresql', inChart: false, external: { existingSecret: 'mine' } };

  test.each<[string, Values, boolean]>([
    ['by default', {}, false],
    ['with a ServiceMonitor', { serviceMonitor: { enabled: true } }, true],
    ['with alerts', { monitoring: { alerts: { enabled: true } } }, true],
    ['with the dashboard', { monitoring: { dashboard: { enabled: true } } }, true],
    ['when it is switched on', enabled(), true],
    [
      'when it is switched off',
      { serviceMonitor: { enabled: true }, monitoring: { stores: { enabled: false } } },
      false,
    ],
    ['without a store that it can read', enabled({ stateStore: postgresql, broker: kafka }), false],
    ['with one external Redis', enabled({ stateStore: redis({ address: 'redis.db.svc:6379' }), broker: kafka }), true],
  ])('%s', async (_, values, exists) => {
    const objects = await render(values);
    for (const kind of ['Deployment', 'Service', 'NetworkPolicy'])
      expect(ofKind(objects, kind).some(({ metadata }) => metadata.name === NAME)).toBe(exists);
  });

  test('leaves the pods of the stores and of the services unchanged', async () => {
    const names = ['so-state-store', 'so-broker', ...services.map((service) => `so-${service}`)];
    const pods = async (values: Values) =>
      (await render(values)).filter(
        ({ kind, metadata }) => ['Deployment', 'StatefulSet'].includes(kind) && names.includes(metadata.name),
      );
    expect(await pods(enabled())).toEqual(await pods({}));
    expect(await pods({})).toHaveLength(names.length);
  });

  test.each([
    ['redis', 'redis', [6379, 6379]],
    ['postgresql', 'kafka', [5432, 9092]],
  ])('is reached by Prometheus only, and reaches only the stores %s and %s', async (store, broker, ports) => {
    const values = { stateStore: { kind: store }, broker: { kind: broker }, serviceMonitor: { namespace: 'watch' } };
    const { spec } = one(await render(enabled(values)), 'NetworkPolicy', NAME);
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'watch' } };
    expect(spec.ingress).toEqual([{ ports: [{ port: 'http' }], from: [{ namespaceSelector }] }]);
    const [dns, ...rules] = spec.egress;
    expect(dns.ports).toHaveLength(2);
    expect(rules).toMatchObject(
      ['state-store', 'broker'].map((component, index) => ({
        ports: [{ port: ports[index] }],
        to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': component } } }],
      })),
    );
  });

  test('sends no password in plaintext to a Redis whose component has TLS by its metadata', async () => {
    const metadata = { enableTLS: 'true', clientCert: { name: 'client', key: 'crt' }, sentinelMasterName: 'orders' };
    const stateStore = { ...redis({ address: 'redis.db.svc:6380', existingSecret: 'mine' }), metadata };
    const [container] = one(await render(enabled({ stateStore })), 'Deployment', NAME).spec.template.spec.containers;
    expect(container.env).toEqual(
      expect.arrayContaining([
        { name: 'STATE_STORE_ENABLE_TLS', value: 'true' },
        { name: 'STATE_STORE_CLIENT_CERT', valueFrom: { secretKeyRef: metadata.clientCert } },
        { name: 'STATE_STORE_SENTINEL_MASTER_NAME', value: 'orders' },
      ]),
    );
  });

  test('reads an external Redis with the settings of its component, and reaches no issuer and no collector', async () => {
    const external = { address: 'redis.db.svc:6380', username: 'orders', existingSecret: 'mine', tls: true };
    const values = {
      stateStore: redis({ ...external, clientCertificate: { secret: 'client' } }),
      broker: kafka,
      caBundle: { configMap: 'ca' },
      auth: { issuer: 'https://issuer.example', audience: 'shop' },
      telemetry: { otlpEndpoint: 'https://collector.example' },
    };
    const objects = await render(enabled(values));
    const { metadata, spec } = one(objects, 'Deployment', NAME);
    const [container] = spec.template.spec.containers;
    const env = Object.fromEntries(
      container.env.map(({ name, value, valueFrom }: Values) => [name, value ?? valueFrom]),
    );
    expect(env).toMatchObject({
      STATE_STORE_KIND: 'redis',
      STATE_STORE_REDIS_HOST: 'redis.db.svc:6380',
      STATE_STORE_REDIS_USERNAME: 'orders',
      STATE_STORE_REDIS_PASSWORD: { secretKeyRef: { name: 'mine', key: 'password' } },
      STATE_STORE_ENABLE_TLS: 'true',
      STATE_STORE_CLIENT_CERT: { secretKeyRef: { name: 'client', key: 'tls.crt' } },
      NODE_EXTRA_CA_CERTS: '/etc/ca-bundle/ca.crt',
    });
    expect(Object.keys(env).join()).not.toMatch(/BROKER|VOLUME/);
    expect(metadata.annotations).toEqual({
      'secret.reloader.stakater.com/reload': 'client,mine',
      'configmap.reloader.stakater.com/reload': 'ca',
    });
    expect(one(objects, 'NetworkPolicy', NAME).spec.egress.slice(1)).toEqual([{ ports: [{ port: 6380 }] }]);
  });
});
