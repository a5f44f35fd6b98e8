// @module-tag kubeconform
// @module-tag helm
import { TOPICS } from '@standing-order/contracts';
import type { Resource } from '@standing-order/local';
import { broker } from '@standing-order/local/dapr/broker';
import { configuration } from '@standing-order/local/dapr/configuration';
import { invocationResiliency } from '@standing-order/local/dapr/invocation';
import { resiliency, subscriptions } from '@standing-order/local/dapr/messages';
import { stateStore } from '@standing-order/local/dapr/state';
import { kafkaSettings } from '@standing-order/local/processes/kafka';
import { sidecarProcess } from '@standing-order/local/processes/sidecar';
import { notificationConfig } from '@standing-order/notification/config';
import { orderConfig } from '@standing-order/order/config';
import { describe, expect, test } from 'vitest';
import { places } from './combinations.ts';
import { containerOf, type KubernetesObject, ofKind, one, render, services } from './helm.ts';

/** A component's settings; what comes from a secret is shown by its secret. */
const settings = (component: KubernetesObject | Resource): Record<string, unknown> =>
  Object.fromEntries(
    (component.spec.metadata as { name: string; value?: string; secretKeyRef?: object }[]).map((setting) => [
      setting.name,
      setting.value ?? setting.secretKeyRef,
    ]),
  );

describe('what is measured and tested locally is what runs in a cluster', () => {
  test('a subscription for every topic of the contracts, with the same settings', async () => {
    const chart = ofKind(await render(), 'Subscription').map(({ metadata, spec, scopes }) => ({
      name: metadata.name,
      spec,
      scopes,
    }));
    const local = subscriptions().map(({ metadata, spec, scopes }) => ({ name: metadata.name, spec, scopes }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(chart.sort(byName)).toEqual(local.sort(byName));
  });

  test('the Redis broker', async () => {
    const chart = one(await render(), 'Component', 'messages');
    const local = broker('redis', 1);
    expect(settings(chart)).toEqual({
      ...settings(local),
      redisHost: 'so-broker.shop.svc:6379',
      redisPassword: { name: 'so-broker', key: 'password' },
    });
    expect({ ...chart.spec, metadata: [] }).toEqual({ ...local.spec, metadata: [] });
  });

  test('the Kafka broker, as the sidecars see it', async () => {
    const chart = one(await render({ broker: { kind: 'kafka' } }), 'Component', 'messages');
    const local = broker('kafka', 1);
    expect(settings(chart)).toEqual({ ...settings(local), brokers: 'so-broker.shop.svc:9092' });
    expect({ ...chart.spec, metadata: [] }).toEqual({ ...local.spec, metadata: [] });
  });

  test('the Kafka broker itself, but for where it is', async () => {
    const { spec } = one(await render({ broker: { kind: 'kafka' } }), 'StatefulSet', 'so-broker');
    const env: { name: string; value: string }[] = spec.template.spec.containers[0].env;
    const chart = Object.fromEntries(
      env.map(({ name, value }) => [name.replace('KAFKA_', '').toLowerCase().replaceAll('_', '.'), value]),
    );
    const elsewhere = ['listeners', 'controller.quorum.voters', 'log.dirs'];
    const local = Object.entries(kafkaSettings(1, 2, '')).filter(([name]) => !elsewhere.includes(name));
    expect(chart).toMatchObject(Object.fromEntries(local.map(([name, value]) => [name, String(value)])));
  });

  test('the Redis state store; keys also have the namespace before them', async () => {
    const chart = one(await render(), 'Component', 'state');
    const local = stateStore('redis', 1, '');
    expect(settings(chart)).toEqual({
      ...settings(local),
      keyPrefix: 'namespace',
      redisHost: 'so-state-store.shop.svc:6379',
      redisPassword: { name: 'so-state-store', key: 'password' },
    });
    expect({ ...chart.spec, metadata: [] }).toEqual({ ...local.spec, metadata: [] });
  });

  test('the PostgreSQL state store', async () => {
    const chart = one(await render({ stateStore: { kind: 'postgresql' } }), 'Component', 'state');
    const { host, port, user, password, database, ...local } = settings(stateStore('postgresql', 1, ''));
    expect(settings(chart)).toEqual({
      ...local,
      keyPrefix: 'namespace',
      connectionString: { name: 'so-state-store', key: 'connectionString' },
    });
  });

  test.each(['redis', 'kafka'] as const)('what the sidecars are told of their application (%s)', async (kind) => {
    const ports = { app: 8080, daprHttp: 3500, daprGrpc: 1, daprInternal: 1, daprMetrics: 1 };
    const local = sidecarProcess({
      ...{ name: 'order-1', binary: 'daprd', appId: 'order', resources: '', configuration: '' },
      ...{ ports, tokens: { dapr: '', app: '' }, broker: kind, flags: {} },
    });
    const told = local.program.args
      .map((flag) => flag.slice(2).split('='))
      .filter(([name = '']) => /^(enable-)?app-|^disable-init/.test(name) && name !== 'app-protocol');
    const { annotations } = one(await render({ broker: { kind } }), 'Deployment', 'so-order').spec.template.metadata;
    expect(annotations).toMatchObject(Object.fromEntries(told.map(([name, value]) => [`dapr.io/${name}`, value])));
  });

  test('the policies of deliveries and of questions to the validators', async () => {
    const objects = await render();
    expect(one(objects, 'Resiliency', 'so').spec).toEqual(resiliency('redis').spec);
    const withKafka = await render({ broker: { kind: 'kafka' } });
    expect(one(withKafka, 'Resiliency', 'so').spec).toEqual(resiliency('kafka').spec);
    const validations = one(objects, 'Resiliency', 'so-validations');
    expect(validations.spec).toEqual(invocationResiliency().spec);
    expect(validations.scopes).toEqual(invocationResiliency().scopes);
  });

  test('the configuration of sidecars, which find each other by Kubernetes', async () => {
    const { nameResolution, metric, ...local } = configuration('').spec;
    const { spec } = one(await render(), 'Configuration', 'so');
    expect(spec).toEqual({ ...local, metric: { enabled: true, ...(metric as object) } });
  });

  test.each(['redis', 'kafka'])('the order service is told that its broker is %s', async (kind) => {
    const { env } = containerOf(await render({ broker: { kind } }), 'order');
    expect(env).toContainEqual({ name: 'BROKER', value: kind });
  });

  test.each([
    ['order', orderConfig],
    ['notification', notificationConfig],
  ])('the variables of the %s service', async (service, { shape }) => {
    const names = Object.keys(shape);
    const values = {
      order: { deadlineSeconds: 5 },
      telemetry: { otlpEndpoint: 'http://collector.watch:4318' },
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
  test('Dapr objects are seen by the services they are for, and by no other application', async () => {
    const objects = await render(values);
    for (const { metadata, scopes } of ofKind(objects, 'Component')) {
      expect(scopes, metadata.name).toEqual(services);
    }
    for (const { scopes, spec } of ofKind(objects, 'Subscription')) {
      expect(scopes).toEqual([Object.values(TOPICS).find(({ name }) => name === spec.topic)?.subscriber]);
    }
    for (const deployment of ofKind(objects, 'Deployment')) {
      const annotations = deployment.spec.template.metadata.annotations;
      expect(services).toContain(annotations['dapr.io/app-id']);
      expect(annotations['dapr.io/config']).toBe(one(objects, 'Configuration', 'so').metadata.name);
    }
  });

  test('a component that is down at the start does not end its sidecar', async () => {
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

test('only with Kafka does a sidecar look whether its application is alive', async () => {
  for (const [kind, looks] of [
    ['redis', undefined],
    ['kafka', 'true'],
  ]) {
    for (const { spec } of ofKind(await render({ broker: { kind } }), 'Deployment')) {
      expect(spec.template.metadata.annotations['dapr.io/enable-app-health-check']).toBe(looks);
    }
  }
});

test('an external Kafka is reached with TLS and a password', async () => {
  const external = { address: 'a:9093,b:9093', existingSecret: 'mine', tls: true };
  const objects = await render({ broker: { kind: 'kafka', inChart: false, external } });
  expect(settings(one(objects, 'Component', 'messages'))).toMatchObject({
    brokers: 'a:9093,b:9093',
    authType: 'password',
    saslPassword: { name: 'mine', key: 'password' },
    disableTls: 'false',
  });
});

test('traces go to the collector from sidecars and applications alike', async () => {
  const objects = await render({ telemetry: { otlpEndpoint: 'https://collector.watch:4318' } });
  expect(one(objects, 'Configuration', 'so').spec.tracing.otel).toEqual({
    endpointAddress: 'collector.watch:4318',
    isSecure: true,
    protocol: 'http',
  });
  for (const deployment of ofKind(objects, 'Deployment')) {
    expect(deployment.spec.template.spec.containers[0].env).toContainEqual({
      name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      value: 'https://collector.watch:4318',
    });
  }
});
