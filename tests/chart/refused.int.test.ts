// @module-tag kubeconform
// @module-tag helm
import { describe, expect, test } from 'vitest';
import { one, render, renderText, type Values } from './helm.ts';

const external = (settings: object) => ({ inChart: false, external: settings });

describe('the chart refuses', () => {
  test.each<[string, Values, string]>([
    ['an unknown value', { brokers: {} }, "additional properties 'brokers' not allowed"],
    ['an unknown setting of a service', { services: { order: { replica: 3 } } }, "'replica' not allowed"],
    ['an unknown service', { services: { courier: {} } }, "'courier' not allowed"],
    ['an unknown kind of broker', { broker: { kind: 'rabbitmq' } }, "one of 'redis', 'kafka'"],
    ['an unknown kind of state store', { stateStore: { kind: 'mysql' } }, "one of 'redis', 'postgresql'"],
    ['an unknown style', { order: { style: 'later' } }, "one of 'respond-first', 'synchronous', 'replication'"],
    ['a password in plain text', { stateStore: { password: 'secret' } }, "'password' not allowed"],
    ['endless retries', { dapr: { inboundRetry: { redis: { maxRetries: -1 } } } }, 'minimum: got -1, want 1'],
    ['a Redis without a memory limit of its own', { stateStore: { maxMemory: '0mb' } }, 'does not match pattern'],
    ['a negative deadline', { order: { deadlineSeconds: -1 } }, 'minimum: got -1, want 0'],
    [
      'an external broker without an address',
      { broker: external({}) },
      'broker.inChart is false: set broker.external.address to the address of the external one (host:port).',
    ],
    [
      'an external Redis state store without an address',
      { stateStore: external({ existingSecret: 'mine' }) },
      'stateStore.inChart is false: set stateStore.external.address to the address of the external one (host:port).',
    ],
    [
      'an external PostgreSQL without a secret',
      { stateStore: { kind: 'postgresql', ...external({}) } },
      'set stateStore.external.existingSecret to the name of a secret that has the connection string',
    ],
    [
      'an external PostgreSQL with an address beside its secret',
      { stateStore: { kind: 'postgresql', ...external({ address: 'db:5432', existingSecret: 'mine' }) } },
      'remove them, and put address and TLS mode into the connectionString of the secret.',
    ],
    [
      'an external address of a broker inside the chart',
      { broker: { external: { address: 'broker:6379' } } },
      'broker.external is set, but broker.inChart is true: set broker.inChart=false to use the external one.',
    ],
    [
      'a client with an unknown setting',
      { broker: { clients: [{ appId: 'shop', topics: [] }] } },
      "'topics' not allowed",
    ],
    ['a client without an app id', { broker: { clients: [{ name: 'shop' }] } }, "missing property 'appId'"],
    ['a client with the app id of a service', { broker: { clients: [{ appId: 'order' }] } }, "'not' failed"],
    [
      'a client that adds a list of topics',
      { broker: { clients: [{ appId: 'a=x;order' }] } },
      'does not match pattern',
    ],
    [
      'a client whose outcomes are the dead letters of another',
      { broker: { clients: [{ appId: 'shop-dead' }] } },
      'broker.clients: the name of a client must not end in -dead',
    ],
    [
      'two clients of one name',
      { broker: { clients: [{ appId: 'shop' }, { appId: 'kiosk', name: 'shop' }] } },
      'broker.clients: two clients have the same appId or the same name',
    ],
    [
      'the matchers of a Redis exporter, which earlier charts used',
      { monitoring: { redisMatchers: 'job="redis-exporter"' } },
      'monitoring.redisMatchers is no longer used: remove it.',
    ],
    ['removing a required service', { services: { order: null } }, 'Write `order: {}` for the defaults.'],
    [
      'two autoscalers of one service',
      { keda: { enabled: true }, defaults: { autoscaling: { enabled: true } } },
      'services.order: keda.enabled and autoscaling.enabled exclude each other: disable one of them.',
    ],
    [
      'a minimum of replicas above the maximum',
      { services: { consumer: { autoscaling: { minReplicas: 9 } } } },
      'services.consumer: autoscaling.minReplicas is greater than autoscaling.maxReplicas',
    ],
    ['the same for KEDA', { keda: { minReplicas: 9 } }, 'keda.minReplicas is greater than keda.maxReplicas'],
    [
      'scaling to zero by KEDA',
      { keda: { enabled: true, minReplicas: 0 } },
      'keda.minReplicas is 0: set it to 1 or more',
    ],
    [
      'a grace period shorter than the shutdown',
      { services: { order: { terminationGracePeriodSeconds: 34 } } },
      'services.order: set terminationGracePeriodSeconds to 35 or more',
    ],
    [
      'the same without native sidecars',
      { dapr: { nativeSidecar: false, blockShutdownSeconds: 90 } },
      'services.restaurant: set terminationGracePeriodSeconds to 95 or more',
    ],
    [
      'a sidecar that stops before its application',
      { dapr: { nativeSidecar: false, blockShutdownSeconds: 29 } },
      'services.order: set dapr.blockShutdownSeconds to 30 or more',
    ],
    [
      'a reserved environment variable',
      { services: { order: { env: { MAX_OPEN_ORDERS: 5 } } } },
      'services.order.env: MAX_OPEN_ORDERS is reserved for the chart: remove it, and use the value of the chart for it.',
    ],
    [
      'certificate authorities in a variable beside those of the chart',
      { caBundle: { secret: 'ca' }, defaults: { env: { NODE_EXTRA_CA_CERTS: '/ca.crt' } } },
      'services.order.env: NODE_EXTRA_CA_CERTS and caBundle exclude each other: remove one of them.',
    ],
    [
      'an address instead of an address range',
      { notification: { allowAddresses: ['10.0.0.1'] } },
      'does not match pattern',
    ],
    [
      'a NAT64 prefix that is not one of 96 bits',
      { notification: { nat64Prefixes: ['2001:db8::/64'] } },
      'does not match pattern',
    ],
    ['a proxy that is not a URL', { notification: { proxy: 'proxy.example:3128' } }, 'does not match pattern'],
    [
      'an egress rule in place of a peer',
      { networkPolicy: { egress: { issuer: [{ podSelector: {}, ports: [] }] } } },
      "additional properties 'ports' not allowed",
    ],
    ['egress for an unknown purpose', { networkPolicy: { egress: { database: [] } } }, "'database' not allowed"],
    [
      'an issuer without an audience',
      { auth: { issuer: 'https://issuer.example' } },
      'auth.issuer is set: set auth.audience',
    ],
    [
      'an audience without an issuer',
      { auth: { audience: 'shop' } },
      'without auth.issuer authentication is off: set auth.issuer',
    ],
    ['an issuer that is not a URL', { auth: { issuer: 'issuer.example', audience: 'shop' } }, 'does not match pattern'],
    ['a pod that stops without a delay', { defaults: { preStopSeconds: 0 } }, 'minimum: got 0, want 1'],
    ['a name that is not valid for a Service', { fullnameOverride: '1st' }, 'does not match pattern'],
    [
      'a resource limit that Dapr does not support',
      { defaults: { sidecarResources: { limits: { 'ephemeral-storage': '1Gi' } } } },
      "'ephemeral-storage' not allowed",
    ],
    ['a fractional number as an environment variable', { defaults: { env: { A: 0.5 } } }, 'got number, want boolean'],
    [
      'maxMemory of Redis above the memory limit',
      { stateStore: { maxMemory: '1gb' } },
      'stateStore.maxMemory is 1gb, but the memory limit of its pod is 1Gi: lower maxMemory, or raise stateStore.resources.limits.memory.',
    ],
    [
      'the same with a limit in bytes',
      { broker: { resources: { limits: { memory: 500_000_000 } } } },
      'broker.maxMemory is 768mb, but the memory limit of its pod is 500000000: lower maxMemory',
    ],
    [
      'a volume of less than three times maxMemory of Redis',
      { broker: { storage: '2Gi' } },
      'broker.storage is 2Gi, which is less than three times broker.maxMemory (768mb): raise broker.storage, or lower broker.maxMemory.',
    ],
    [
      'a volume that is too small for the partitions of Kafka',
      { broker: { kind: 'kafka', storage: '512Mi' } },
      'broker.storage is 512Mi, which leaves less than 4 MiB for each of 8 partitions of 20 topics: raise broker.storage',
    ],
    ['a retention that a paused replica may outlive', { order: { retention: '2d' } }, 'does not match pattern'],
    [
      'a Java heap of more than half of the memory limit',
      { broker: { kind: 'kafka', heap: '-Xms256m -Xmx600m' } },
      'broker.heap allows a Java heap of 600m. Kafka needs as much memory again outside the heap, but the memory limit of its pod is 1Gi: lower -Xmx',
    ],
    ['the image tag latest', { image: { tag: 'latest' } }, 'image.tag is latest: set it to a version'],
  ])('%s', async (_, values, sentence) => {
    await expect(render(values)).rejects.toThrow(sentence);
  });

  test.each(['1st', 'shop.eu'])('the release name %s without fullnameOverride', async (name) => {
    await expect(renderText({}, name)).rejects.toThrow(
      `the name "${name}" is not valid as the prefix of Service names`,
    );
    await expect(renderText({ fullnameOverride: 'first' }, name)).resolves.toContain('name: first-order');
  });

  test('inconsistent values with one message that lists all of them', async () => {
    const values = { broker: external({}), stateStore: external({}), image: { tag: 'latest' } };
    await expect(render(values)).rejects.toThrow(/stateStore\.inChart.*broker\.inChart.*image\.tag/s);
  });

  test('every variable that the chart sets in env', async () => {
    const values = {
      order: { deadlineSeconds: 5 },
      telemetry: { otlpEndpoint: 'http://collector.watch:4318', otlpHeadersSecret: 'otlp' },
      auth: { issuer: 'https://issuer.example', audience: 'shop' },
    };
    const [container] = one(await render(values), 'Deployment', 'so-order').spec.template.spec.containers;
    const names: string[] = container.env.map(({ name }: { name: string }) => name);
    const refused = render({ services: { order: { env: Object.fromEntries(names.map((name) => [name, 'x'])) } } });
    const message = await refused.then(String, String);
    expect(names.filter((name) => !message.includes(`services.order.env: ${name} is reserved for the chart`))).toEqual(
      [],
    );
  });
});
