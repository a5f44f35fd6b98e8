// @module-tag kubeconform
// @module-tag helm
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOPICS } from '@standing-order/contracts';
import type { Resource } from '@standing-order/local';
import { readResource, readResources } from '@standing-order/local/dapr/resource';
import { DAPR_FOLDER } from '@standing-order/local/dapr/source';
import { kafkaSettings } from '@standing-order/local/processes/kafka';
import { sidecarProcess } from '@standing-order/local/processes/sidecar';
import { notificationConfig } from '@standing-order/notification/config';
import { orderConfig } from '@standing-order/order/config';
import { describe, expect, onTestFinished, test } from 'vitest';
import { places } from './combinations.ts';
import { serviceScopes, settings } from './components.ts';
import {
  containerOf,
  deploymentsOfServices,
  type KubernetesObject,
  ofKind,
  one,
  packageChart,
  render,
  renderChart,
  services,
  type Values,
} from './helm.ts';

/** Everything of a component but its metadata items. */
const withoutSettings = ({ spec }: KubernetesObject | Resource) => ({ ...spec, metadata: [] });

/** The app ids of broker.clients. */
const clientsOf = ({ broker }: Values) =>
  ((broker as { clients?: { appId: string }[] }).clients ?? []).map(({ appId }) => appId);

const read = (path: string) => readResource(join(DAPR_FOLDER, path));

describe('the Dapr objects of the chart are those of deploy/dapr', () => {
  test('subscriptions, unchanged', async () => {
    const chart = ofKind(await render(), 'Subscription').map(({ metadata, spec, scopes }) => ({
      name: metadata.name,
      spec,
      scopes,
    }));
    const files = (await readResources(join(DAPR_FOLDER, 'subscriptions'))).map(({ metadata, spec, scopes }) => ({
      name: metadata.name,
      spec,
      scopes,
    }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(chart.sort(byName)).toEqual(files.sort(byName));
    expect(chart.map(({ name }) => name).sort()).toEqual(Object.keys(TOPICS).sort());
  });

  test('the Redis broker, with the address and the password of the one in the chart', async () => {
    const chart = one(await render(), 'Component', 'messages');
    const file = await read('pubsub/redis/messages.yaml');
    expect(settings(chart)).toEqual({
      ...settings(file),
      ...serviceScopes(file),
      maxLenApprox: '2633',
      redisHost: 'so-broker.shop.svc:6379',
      redisPassword: { name: 'so-broker', key: 'password' },
    });
    expect(withoutSettings(chart)).toEqual(withoutSettings(file));
  });

  test('the Kafka broker, with the address of the one in the chart', async () => {
    const chart = one(await render({ broker: { kind: 'kafka' } }), 'Component', 'messages');
    const file = await read('pubsub/kafka/messages.yaml');
    expect(settings(chart)).toEqual({
      ...settings(file),
      ...serviceScopes(file),
      brokers: 'so-broker.shop.svc:9092',
    });
    expect(withoutSettings(chart)).toEqual(withoutSettings(file));
  });

  test('the Redis state store, with address, password and the namespace as the prefix of keys', async () => {
    const chart = one(await render(), 'Component', 'state');
    const file = await read('state/redis/state.yaml');
    expect(settings(chart)).toEqual({
      ...settings(file),
      keyPrefix: 'namespace',
      redisHost: 'so-state-store.shop.svc:6379',
      redisPassword: { name: 'so-state-store', key: 'password' },
    });
    expect(withoutSettings(chart)).toEqual(withoutSettings(file));
  });

  test('the PostgreSQL state store, with the address and the password of the one in the chart', async () => {
    const chart = one(await render({ stateStore: { kind: 'postgresql' } }), 'Component', 'state');
    const file = await read('state/postgresql/state.yaml');
    expect(settings(chart)).toEqual({
      ...settings(file),
      keyPrefix: 'namespace',
      connectionString: 'postgres://postgres@so-state-store.shop.svc:5432/postgres?sslmode=disable',
      password: { name: 'so-state-store', key: 'password' },
    });
    expect(withoutSettings(chart)).toEqual(withoutSettings(file));
  });

  test('the policies of deliveries and of calls to the validators', async () => {
    const objects = await render();
    expect(one(objects, 'Resiliency', 'so').spec).toEqual((await read('pubsub/redis/delivery.yaml')).spec);
    const withKafka = await render({ broker: { kind: 'kafka' } });
    expect(one(withKafka, 'Resiliency', 'so').spec).toEqual((await read('pubsub/kafka/delivery.yaml')).spec);
    const validations = one(objects, 'Resiliency', 'so-validations');
    const { spec, scopes } = await read('resiliency/validations.yaml');
    expect(validations.spec).toEqual(spec);
    expect(validations.scopes).toEqual(scopes);
  });

  test('the configuration of sidecars, without name resolution: Kubernetes does it', async () => {
    const { nameResolution, accessControl: _, ...file } = (await read('configuration.yaml')).spec;
    expect(nameResolution).toBeDefined();
    const { accessControl: __, ...chart } = one(await render(), 'Configuration', 'so').spec;
    expect(chart).toEqual(file);
  });

  test('the access control of sidecars, for the order service of the namespace of the release', async () => {
    const { accessControl } = (await read('configuration.yaml')).spec as { accessControl: { policies: object[] } };
    const policies = accessControl.policies.map((policy) => ({ ...policy, namespace: 'shop' }));
    expect(one(await render(), 'Configuration', 'so').spec.accessControl).toEqual({ ...accessControl, policies });
  });
});

test('a packaged chart contains the files of deploy/dapr behind the symbolic link', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standing-order-package-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { path } = await packageChart(folder);
  const { objects: packaged } = await renderChart({ folder: path });
  const objects = await render();
  for (const kind of ['Component', 'Configuration', 'Resiliency', 'Subscription']) {
    expect(ofKind(packaged, kind)).toEqual(ofKind(objects, kind));
  }
});

describe('values override the files of deploy/dapr', () => {
  test.each([
    ['redis', { maxRetries: 2 }, { policy: 'constant', duration: '2s', maxRetries: 2 }],
    ['redis', { interval: '500ms' }, { policy: 'constant', duration: '500ms', maxRetries: 3 }],
    ['kafka', { interval: '3s', maxRetries: 5 }, { policy: 'constant', duration: '3s', maxRetries: 5 }],
  ])('the retries of deliveries with %s by %o', async (kind, retry, expected) => {
    const objects = await render({ broker: { kind }, dapr: { inboundRetry: { [kind]: retry } } });
    expect(one(objects, 'Resiliency', 'so').spec.policies.retries.delivery).toEqual(expected);
  });

  test('the length of Redis streams', async () => {
    const objects = await render({ broker: { maxStreamLength: 5_000_000 } });
    expect(settings(one(objects, 'Component', 'messages')).maxLenApprox).toBe('5000000');
  });

  test('the length of Redis streams, so that full messages in seven streams fit into maxMemory', async () => {
    const length = async (broker: Values) =>
      Number(settings(one(await render({ broker }), 'Component', 'messages')).maxLenApprox);
    expect(await length({})).toBe(2_633);
    expect(7 * 2_633 * 32_768).toBeLessThan(0.8 * 768 * 2 ** 20);
    expect(await length({ maxMemory: '256mb', storage: '1Gi' })).toBe(877);
    const large = { maxMemory: '100gb', storage: '300Gi', resources: { limits: { memory: '128Gi' } } };
    expect(await length(large)).toBe(50_000);
    expect(await length({ inChart: false, external: { address: 'redis.example:6379' } })).toBe(5_000);
  });
});

describe('the chart and npm start have the same settings:', () => {
  test('the Kafka broker itself, but for its addresses and paths', async () => {
    const { spec } = one(await render({ broker: { kind: 'kafka' } }), 'StatefulSet', 'so-broker');
    const env: { name: string; value: string }[] = spec.template.spec.containers[0].env;
    const chart = Object.fromEntries(
      env.map(({ name, value }) => [name.replace('KAFKA_', '').toLowerCase().replaceAll('_', '.'), value]),
    );
    const elsewhere = ['listeners', 'advertised.listeners', 'controller.quorum.voters', 'log.dirs'];
    const local = Object.entries(kafkaSettings({ port: 1, advertisedPort: 1, controllerPort: 2 }, '')).filter(
      ([name]) => !elsewhere.includes(name),
    );
    expect(chart).toMatchObject(Object.fromEntries(local.map(([name, value]) => [name, String(value)])));
  });

  test.each(['redis', 'kafka'] as const)('the flags of sidecars about their application (%s)', async (kind) => {
    const ports = { app: 8080, daprHttp: 3500, daprGrpc: 1, daprInternal: 1, daprMetrics: 1 };
    const local = sidecarProcess({
      ...{ name: 'order-1', binary: 'daprd', appId: 'order', resources: '', configuration: '' },
      ...{ ports, tokens: { dapr: '', app: '' }, broker: kind, flags: {} },
    });
    const flags = local.program.args
      .map((flag) => flag.slice(2).split('='))
      .filter(([name = '']) => /^(enable-)?app-|^disable-init/.test(name) && name !== 'app-protocol');
    expect(flags.length).toBeGreaterThan(2);
    const { annotations } = one(await render({ broker: { kind } }), 'Deployment', 'so-order').spec.template.metadata;
    expect(annotations).toMatchObject(Object.fromEntries(flags.map(([name, value]) => [`dapr.io/${name}`, value])));
  });

  test.each(['redis', 'kafka'])('BROKER of the order service is %s', async (kind) => {
    const { env } = containerOf(await render({ broker: { kind } }), 'order');
    expect(env).toContainEqual({ name: 'BROKER', value: kind });
  });

  test.each([
    ['order', orderConfig],
    ['notification', notificationConfig],
  ])('the chart sets every environment variable of the %s service, and no unknown one', async (service, { shape }) => {
    // The proxy variables of other programs are no settings of the chart. The endpoint of traces alone is left to the value `env`.
    const names = Object.keys(shape).filter((name) => !/^(no|https?|all)_proxy$|_TRACES_ENDPOINT$/i.test(name));
    const values = {
      order: { deadlineSeconds: 5 },
      telemetry: { otlpEndpoint: 'http://collector.watch:4318', otlpHeadersSecret: 'otlp' },
      auth: { issuer: 'https://issuer.example', audience: 'shop', jwksUrl: 'https://issuer.example/keys' },
    };
    const variables: string[] = containerOf(await render(values), service).env.map(
      ({ name }: { name: string }) => name,
    );
    const others = variables.filter((name) => !names.includes(name));
    expect(variables).toEqual(expect.arrayContaining(names));
    expect(others).toEqual(others.filter((name) => name.startsWith('OTEL_') || name === 'POD_NAME'));
  });
});

describe.each(places)('$name', ({ values }) => {
  test('scopes limit Dapr objects to the services that use them', async () => {
    const objects = await render(values);
    for (const { metadata, scopes } of ofKind(objects, 'Component')) {
      const clients = metadata.name === 'messages' ? clientsOf(values) : [];
      expect(scopes, metadata.name).toEqual([...services, ...clients].toSorted());
    }
    for (const { scopes, spec } of ofKind(objects, 'Subscription')) {
      expect(scopes).toEqual([Object.values(TOPICS).find(({ name }) => name === spec.topic)?.subscriber]);
    }
    for (const deployment of deploymentsOfServices(objects)) {
      const annotations = deployment.spec.template.metadata.annotations;
      expect(services).toContain(annotations['dapr.io/app-id']);
      expect(annotations['dapr.io/config']).toBe(one(objects, 'Configuration', 'so').metadata.name);
    }
  });

  test('a sidecar starts while a component is down', async () => {
    for (const { spec } of ofKind(await render(values), 'Component')) {
      expect(spec).toMatchObject({ ignoreErrors: true, initTimeout: '10s' });
    }
  });

  test('the state store has no policy and no retries', async () => {
    const objects = await render(values);
    for (const { spec } of ofKind(objects, 'Resiliency')) {
      expect(Object.keys(spec.targets.components ?? {})).not.toContain('state');
    }
    const state = settings(one(objects, 'Component', 'state'));
    expect(state).not.toHaveProperty('writeTimeout');
    expect(state.redisMaxRetries).toBe(state.redisHost === undefined ? undefined : '-1');
  });
});

test('app health checks are on with Kafka and off with Redis', async () => {
  for (const [kind, checked] of [
    ['redis', undefined],
    ['kafka', 'true'],
  ]) {
    for (const { spec } of ofKind(await render({ broker: { kind } }), 'Deployment')) {
      expect(spec.template.metadata.annotations['dapr.io/enable-app-health-check']).toBe(checked);
    }
  }
});

test('sidecars reach an external Kafka with TLS and a password', async () => {
  const external = { address: 'a:9093,b:9093', existingSecret: 'mine', tls: true };
  const objects = await render({ broker: { kind: 'kafka', inChart: false, external } });
  expect(settings(one(objects, 'Component', 'messages'))).toMatchObject({
    brokers: 'a:9093,b:9093',
    authType: 'password',
    saslPassword: { name: 'mine', key: 'password' },
    disableTls: 'false',
  });
});
