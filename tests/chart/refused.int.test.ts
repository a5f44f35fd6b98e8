// @module-tag kubeconform
// @module-tag helm
import { describe, expect, test } from 'vitest';
import { one, render, renderText, type Values } from './helm.ts';

const external = (settings: object) => ({ inChart: false, external: settings });

describe('values that are refused', () => {
  test.each<[string, Values, string]>([
    ['an unknown value', { brokers: {} }, "additional properties 'brokers' not allowed"],
    ['an unknown setting of a service', { services: { order: { replica: 3 } } }, "'replica' not allowed"],
    ['an unknown service', { services: { courier: {} } }, "'courier' not allowed"],
    ['another broker', { broker: { kind: 'rabbitmq' } }, "one of 'redis', 'kafka'"],
    ['another state store', { stateStore: { kind: 'mysql' } }, "one of 'redis', 'postgresql'"],
    ['another style', { order: { style: 'later' } }, "one of 'respond-first', 'synchronous', 'replication'"],
    ['a password in the clear', { stateStore: { password: 'secret' } }, "'password' not allowed"],
    ['retries without end', { dapr: { inboundRetry: { redis: { maxRetries: -1 } } } }, 'minimum: got -1, want 1'],
    ['a deadline below zero', { order: { deadlineSeconds: -1 } }, 'minimum: got -1, want 0'],
    [
      'an external broker without an address',
      { broker: external({}) },
      'broker.inChart is false: set broker.external.address to where yours is (host:port).',
    ],
    [
      'an external Redis state store without an address',
      { stateStore: external({ existingSecret: 'mine' }) },
      'stateStore.inChart is false: set stateStore.external.address to where yours is (host:port).',
    ],
    [
      'an external PostgreSQL without a secret',
      { stateStore: { kind: 'postgresql', ...external({}) } },
      'set stateStore.external.existingSecret to the name of a secret whose key connectionString',
    ],
    [
      'an external PostgreSQL with an address beside its secret',
      { stateStore: { kind: 'postgresql', ...external({ address: 'db:5432', existingSecret: 'mine' }) } },
      "leave them out, both belong into the secret's connectionString.",
    ],
    [
      'an external address of what runs in the chart',
      { broker: { external: { address: 'broker:6379' } } },
      'broker.external is set, but broker.inChart is true: set broker.inChart=false to use yours.',
    ],
    ['a service that is taken away', { services: { order: null } }, 'services.order is missing: write `order: {}`'],
    [
      'two that scale one service',
      { keda: { enabled: true }, defaults: { autoscaling: { enabled: true } } },
      'keda.enabled and autoscaling.enabled of services.order would both scale it: turn one of them off.',
    ],
    [
      'fewer replicas at most than at least',
      { services: { consumer: { autoscaling: { minReplicas: 9 } } } },
      'services.consumer: autoscaling.minReplicas is more than maxReplicas',
    ],
    ['the same of KEDA', { keda: { minReplicas: 9 } }, 'keda.minReplicas is more than keda.maxReplicas'],
    ['KEDA down to zero', { keda: { enabled: true, minReplicas: 0 } }, 'keda.minReplicas is 0: set it to 1 or more'],
    [
      'a pod that is killed while it drains',
      { services: { order: { terminationGracePeriodSeconds: 34 } } },
      'services.order: set terminationGracePeriodSeconds to 35 or more',
    ],
    [
      'the same, with a sidecar beside the application',
      { dapr: { nativeSidecar: false, blockShutdownSeconds: 90 } },
      'services.restaurant: set terminationGracePeriodSeconds to 95 or more',
    ],
    [
      'a sidecar that goes before its application',
      { dapr: { nativeSidecar: false, blockShutdownSeconds: 29 } },
      'services.order: set dapr.blockShutdownSeconds to 30 or more',
    ],
    [
      'a variable that the chart sets',
      { services: { order: { env: { MAX_OPEN_ORDERS: 5 } } } },
      'services.order.env: MAX_OPEN_ORDERS is set by the chart: use the value for it, or leave it out.',
    ],
    [
      'an address where a range is needed',
      { notification: { allowAddresses: ['10.0.0.1'] } },
      'does not match pattern',
    ],
    [
      'an issuer without an audience',
      { auth: { issuer: 'https://issuer.example' } },
      'auth.issuer is set: set auth.audience',
    ],
    ['an audience without an issuer', { auth: { audience: 'shop' } }, 'nobody is asked for a token: set auth.issuer'],
    ['an issuer that is no URL', { auth: { issuer: 'issuer.example', audience: 'shop' } }, 'does not match pattern'],
    ['a pod that stops at once', { defaults: { preStopSeconds: 0 } }, 'minimum: got 0, want 1'],
    ['a name that no service may have', { fullnameOverride: '1st' }, 'does not match pattern'],
    [
      'a limit that Dapr does not know',
      { defaults: { sidecarResources: { limits: { 'ephemeral-storage': '1Gi' } } } },
      "'ephemeral-storage' not allowed",
    ],
    ['a variable that is not written as it is meant', { defaults: { env: { A: 0.5 } } }, 'got number, want boolean'],
    [
      'a Redis that is killed before it is full',
      { stateStore: { maxMemory: '1gb' } },
      'stateStore.maxMemory is 1gb, but its pod is killed at 1Gi: lower it, or raise stateStore.resources.limits.memory.',
    ],
    [
      'the same in bytes',
      { broker: { resources: { limits: { memory: 500_000_000 } } } },
      'broker.maxMemory is 768mb, but its pod is killed at 500000000: lower it',
    ],
    [
      'a Redis whose log does not fit onto its volume',
      { broker: { storage: '512Mi' } },
      'broker.storage is 512Mi, less than broker.maxMemory may fill: raise broker.storage, or lower broker.maxMemory.',
    ],
    [
      'a Kafka that is killed before its heap is full',
      { broker: { kind: 'kafka', heap: '-Xms256m -Xmx600m' } },
      "broker.heap lets Java's heap grow to 600m, but with as much again beside it the pod is killed at 1Gi: lower -Xmx",
    ],
    ['an image that changes under its name', { image: { tag: 'latest' } }, 'image.tag is latest: name the version'],
  ])('%s', async (_, values, sentence) => {
    await expect(render(values)).rejects.toThrow(sentence);
  });

  test.each(['1st', 'shop.eu'])('the release name %s, unless there is another for the objects', async (name) => {
    await expect(renderText({}, name)).rejects.toThrow(`"${name}" can't begin the names of services`);
    await expect(renderText({ fullnameOverride: 'first' }, name)).resolves.toContain('name: first-order');
  });

  test('all faults are told at once', async () => {
    const values = { broker: external({}), stateStore: external({}), image: { tag: 'latest' } };
    await expect(render(values)).rejects.toThrow(/stateStore\.inChart.*broker\.inChart.*image\.tag/s);
  });

  test('every variable that the chart sets is refused in env', async () => {
    const values = {
      order: { deadlineSeconds: 5 },
      telemetry: { otlpEndpoint: 'http://collector.watch:4318' },
      auth: { issuer: 'https://issuer.example', audience: 'shop' },
    };
    const [container] = one(await render(values), 'Deployment', 'so-order').spec.template.spec.containers;
    const names: string[] = container.env.map(({ name }: { name: string }) => name);
    const refused = render({ services: { order: { env: Object.fromEntries(names.map((name) => [name, 'x'])) } } });
    const said = await refused.then(String, String);
    expect(names.filter((name) => !said.includes(`services.order.env: ${name} is set by the chart`))).toEqual([]);
  });
});
