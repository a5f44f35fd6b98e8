// @module-tag kubeconform
// @module-tag helm
import { TOPICS } from '@standing-order/contracts';
import { notificationConfig } from '@standing-order/notification/config';
import { orderConfig } from '@standing-order/order/config';
import { serviceConfig } from '@standing-order/service-kit/config';
import { expect, test } from 'vitest';
import { containerOf, type KubernetesObject, ofKind, one, render, services, type Values, variable } from './helm.ts';

test('values of a service override the defaults of that service only', async () => {
  const objects = await render({
    defaults: { replicas: 3 },
    services: { order: { replicas: 5, env: { LAB: true } } },
  });
  const replicas = services.map((service) => one(objects, 'Deployment', `so-${service}`).spec.replicas);
  expect(replicas).toEqual([3, 3, 5, 3]);
  expect(services.map((service) => variable(objects, service, 'LAB'))).toEqual([
    undefined,
    undefined,
    'true',
    undefined,
  ]);
});

test('the chart sets every environment variable that a service reads', async () => {
  const auth = { issuer: 'https://issuer.example', audience: 'so' };
  const telemetry = { otlpEndpoint: 'http://collector.watch:4318' };
  const objects = await render({ auth, telemetry, order: { deadlineSeconds: 60 } });
  // The chart sets the endpoint of all signals.
  const ofSignal = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
  const schemas = { consumer: serviceConfig, notification: notificationConfig, order: orderConfig };
  for (const [service, { shape }] of Object.entries({ ...schemas, restaurant: serviceConfig })) {
    const set = new Set(containerOf(objects, service).env.map(({ name }: { name: string }) => name));
    // The proxy variables belong to the environment of the pods, which `env` adds to.
    const missing = Object.keys(shape).filter((name) => !set.has(name) && !/_proxy$/i.test(name) && name !== ofSignal);
    expect([service, missing]).toEqual([service, []]);
  }
  expect(services.map((service) => variable(objects, service, 'KEEP_ALIVE_SECONDS'))).toEqual(Array(4).fill('75'));
});

test('integers, booleans and strings reach a service unchanged', async () => {
  const objects = await render({ defaults: { env: { LIMIT: 5_000_000, FLAG: false, TEXT: '1.50' } } });
  expect(['LIMIT', 'FLAG', 'TEXT'].map((name) => variable(objects, 'consumer', name))).toEqual([
    '5000000',
    'false',
    '1.50',
  ]);
});

test('sidecarResources become annotations of Dapr, one per request and limit', async () => {
  const annotationsFor = async (sidecarResources: object) =>
    Object.entries(
      one(await render({ services: { order: { sidecarResources } } }), 'Deployment', 'so-order').spec.template.metadata
        .annotations,
    ).filter(([name]) => /^dapr.io\/sidecar-(cpu|memory)-/.test(name));
  expect(Object.fromEntries(await annotationsFor({ limits: { cpu: 1 } }))).toEqual({
    'dapr.io/sidecar-cpu-request': '75m',
    'dapr.io/sidecar-cpu-limit': '1',
    'dapr.io/sidecar-memory-request': '128Mi',
    'dapr.io/sidecar-memory-limit': '640Mi',
  });
  expect((await annotationsFor({})).map(([name]) => name)).not.toContain('dapr.io/sidecar-cpu-limit');
});

test('Go in a sidecar collects garbage in time for its memory limit, unless the annotation is given', async () => {
  const environment = async (values: Values) =>
    one(await render(values), 'Deployment', 'so-order').spec.template.metadata.annotations['dapr.io/env'];
  expect(await environment({})).toBe(`GOMEMLIMIT=${(640 * 1024 * 1024) / 4}`);
  expect(await environment({ defaults: { sidecarResources: { limits: { memory: '1Gi' } } } })).toBe(
    `GOMEMLIMIT=${(1024 * 1024 * 1024) / 4}`,
  );
  expect(await environment({ defaults: { sidecarResources: { limits: { memory: null } } } })).toBeUndefined();
  expect(await environment({ defaults: { podAnnotations: { 'dapr.io/env': 'A=b' } } })).toBe('A=b');
});

test('a label or an annotation that both the chart and the values set is in an object once', async () => {
  const version = { 'app.kubernetes.io/version': 'own', team: 'orders' };
  const objects = await render({
    commonLabels: version,
    test: { podLabels: { team: 'tests', 'app.kubernetes.io/component': 'own' } },
    serviceMonitor: { enabled: true, labels: { team: 'monitoring' } },
    monitoring: { alerts: { enabled: true, labels: { team: 'monitoring' } }, dashboard: { labels: version } },
    services: { order: { podAnnotations: { 'dapr.io/log-level': 'debug' } } },
  });
  for (const { metadata } of objects) expect(metadata.labels?.['app.kubernetes.io/version']).not.toBe('own');
  expect(one(objects, 'Pod', 'so-first-order').metadata.labels).toMatchObject({
    team: 'tests',
    'app.kubernetes.io/component': 'test',
  });
  expect(one(objects, 'ServiceMonitor', 'so').metadata.labels?.team).toBe('monitoring');
  expect(one(objects, 'PrometheusRule', 'so').metadata.labels?.team).toBe('monitoring');
  const logLevels = services.map(
    (service) => one(objects, 'Deployment', `so-${service}`).spec.template.metadata.annotations['dapr.io/log-level'],
  );
  expect(logLevels).toEqual(['info', 'info', 'debug', 'info']);
});

test('max_connections of PostgreSQL covers all sidecars', async () => {
  const connections = async (values: Values) => {
    const all = { stateStore: { kind: 'postgresql' }, ...values };
    const [container] = one(await render(all), 'StatefulSet', 'so-state-store').spec.template.spec.containers;
    return Number(/max_connections=(\d+)/.exec(container.args.join(' '))?.[1]);
  };
  expect(await connections({})).toBe(200);
  // Nine pods of three services and eleven of one; each opens 16.
  const replicas = { defaults: { replicas: 8 }, services: { order: { replicas: 10 } } };
  expect(await connections(replicas)).toBeGreaterThanOrEqual((3 * 9 + 11) * 16);
  expect(await connections({ defaults: { autoscaling: { enabled: true } } })).toBeGreaterThanOrEqual(4 * 7 * 16);
  expect(await connections({ keda: { enabled: true, maxReplicas: 20 } })).toBeGreaterThanOrEqual(4 * 21 * 16);
});

test('style, deadline and limits reach the order service, numbers as integers', async () => {
  const order = { style: 'synchronous', styleOverride: 'allowed', deadlineSeconds: 86_400, maxOpenOrders: 5_000_000 };
  const retention = '90d';
  const objects = await render({ order: { ...order, retention } });
  expect(variable(objects, 'order', 'ORDER_RETENTION')).toBe('90d');
  expect(variable(await render(), 'order', 'ORDER_RETENTION')).toBe('30d');
  expect(variable(objects, 'order', 'ORDER_STYLE')).toBe('synchronous');
  expect(variable(objects, 'order', 'STYLE_OVERRIDE')).toBe('allowed');
  expect(variable(objects, 'order', 'ORDER_DEADLINE_SECONDS')).toBe('86400');
  expect(variable(objects, 'order', 'MAX_OPEN_ORDERS')).toBe('5000000');
  expect(variable(await render(), 'order', 'ORDER_DEADLINE_SECONDS')).toBeUndefined();
  expect(variable(objects, 'consumer', 'MAX_OPEN_ORDERS')).toBeUndefined();
});

test('auth configures every service and opens egress to the issuer, or neither', async () => {
  const auth = {
    issuer: 'https://issuer.example/realms/shop',
    audience: 'shop',
    jwksUrl: 'http://keys.example:8088/keys',
    consumerClaim: 'consumer_id',
    rolesClaim: 'realm_access.roles',
    adminRole: 'operator',
  };
  const objects = await render({ auth });
  for (const service of services) {
    const entries = containerOf(objects, service).env.filter(({ name }: { name: string }) => name.startsWith('AUTH_'));
    expect(
      Object.fromEntries(entries.map(({ name, value }: { name: string; value: string }) => [name, value])),
    ).toEqual({
      AUTH_ISSUER: auth.issuer,
      AUTH_AUDIENCE: auth.audience,
      AUTH_JWKS_URL: auth.jwksUrl,
      AUTH_CONSUMER_CLAIM: auth.consumerClaim,
      AUTH_ROLES_CLAIM: auth.rolesClaim,
      AUTH_ADMIN_ROLE: auth.adminRole,
    });
    const { egress } = one(objects, 'NetworkPolicy', `so-${service}`).spec;
    const opened = [443, 8088].map((port) => ({ ports: [{ port }] }));
    // The webhook rule of the notification service includes a public issuer.
    if (service === 'notification') for (const rule of opened) expect(egress).not.toContainEqual(rule);
    else expect(egress).toEqual(expect.arrayContaining(opened));
  }
  expect(variable(await render(), 'order', 'AUTH_ISSUER')).toBeUndefined();
});

test('all topics of Kafka fit into the volume, for small and large volumes and numbers of partitions', async () => {
  for (const [storage, bytes, partitions] of [
    ['3Gi', 3 * 2 ** 30, 8],
    ['20Gi', 20 * 2 ** 30, 64],
  ] as const) {
    const objects = await render({ broker: { kind: 'kafka', storage, partitions } });
    const { env } = one(objects, 'StatefulSet', 'so-broker').spec.template.spec.containers[0];
    const setting = (name: string) => Number(env.find((each: { name: string }) => each.name === name).value);
    const perPartition = setting('KAFKA_LOG_RETENTION_BYTES') + setting('KAFKA_LOG_SEGMENT_BYTES');
    expect(setting('KAFKA_LOG_SEGMENT_BYTES')).toBeGreaterThanOrEqual(2 ** 20);
    expect(2 * Object.keys(TOPICS).length * partitions * perPartition).toBeLessThan(0.8 * bytes);
  }
});

test('a changed Dapr object replaces the pods, and other objects do not', async () => {
  const checksums = async (values: Values) =>
    Object.entries(one(await render(values), 'Deployment', 'so-order').spec.template.metadata.annotations).filter(
      ([name]) => name.startsWith('checksum/'),
    );
  const before = await checksums({});
  expect(before).toHaveLength(4);
  expect(await checksums({ broker: { maxStreamLength: 2_000 } })).not.toEqual(before);
  expect(await checksums({ dapr: { inboundRetry: { redis: { maxRetries: 2 } } } })).not.toEqual(before);
  expect(await checksums({ telemetry: { otlpEndpoint: 'http://collector.watch:4318' } })).not.toEqual(before);
  expect(await checksums({ networkPolicy: { enabled: false } })).toEqual(before);
});

test('a Deployment with autoscaling has no number of replicas', async () => {
  const objects = await render({ services: { order: { autoscaling: { enabled: true } } } });
  expect(one(objects, 'Deployment', 'so-order').spec).not.toHaveProperty('replicas');
  expect(one(objects, 'Deployment', 'so-consumer').spec.replicas).toBe(2);
  expect(ofKind(objects, 'HorizontalPodAutoscaler').map(({ spec }) => spec.scaleTargetRef.name)).toEqual(['so-order']);
});

test.each(['redis', 'kafka'])('KEDA scales each service on the backlog of its own topics (%s)', async (kind) => {
  const objects = await render({ broker: { kind }, keda: { enabled: true, lagThreshold: 1_000_000 } });
  for (const service of services) {
    const { spec } = one(objects, 'ScaledObject', `so-${service}`);
    expect(spec.scaleTargetRef.name).toBe(`so-${service}`);
    const own = Object.values(TOPICS).filter(({ subscriber }) => subscriber === service);
    const metadata = spec.triggers.map((trigger: KubernetesObject) => trigger.metadata);
    expect(metadata.map((trigger: Record<string, string>) => trigger.stream ?? trigger.topic).sort()).toEqual(
      own.map(({ name }) => name).sort(),
    );
    for (const trigger of metadata) {
      expect(trigger.consumerGroup).toBe(service);
      expect(trigger.lagCount ?? trigger.lagThreshold).toBe('1000000');
    }
    expect(one(objects, 'Deployment', `so-${service}`).spec).not.toHaveProperty('replicas');
  }
  const policy = one(objects, 'NetworkPolicy', 'so-broker');
  expect(JSON.stringify(policy.spec.ingress)).toContain('"kubernetes.io/metadata.name":"keda"');
});

test('the two default Redis servers have an append-only file and refuse writes when full', async () => {
  const objects = await render();
  const commands = ['so-state-store', 'so-broker'].map(
    (name) => one(objects, 'StatefulSet', name).spec.template.spec.containers[0].args[0],
  );
  expect(commands[0]).toContain('--appendonly yes --appendfsync always');
  expect(commands[1]).toContain('--appendonly yes --appendfsync everysec');
  for (const command of commands) expect(command).toContain('--maxmemory-policy noeviction --requirepass');
  expect(commands[1]).toContain('--proto-max-bulk-len 1mb');
  expect(commands[0]).not.toContain('--proto-max-bulk-len');
});

test('without the notification service, NOTIFICATIONS is off and no object of it is left', async () => {
  const objects = await render({ notification: { enabled: false } });
  expect(variable(await render(), 'order', 'NOTIFICATIONS')).toBe('on');
  expect(variable(objects, 'order', 'NOTIFICATIONS')).toBe('off');
  expect(JSON.stringify(objects)).not.toMatch(/so-notification|order-settled/);
});

test('a ServiceMonitor selects every service, and the pod of the fill levels', async () => {
  const monitor = one(await render({ serviceMonitor: { enabled: true } }), 'ServiceMonitor', 'so');
  expect(monitor.spec.endpoints).toEqual([{ port: 'http', path: '/metrics', interval: '30s' }]);
  expect(monitor.spec.selector.matchExpressions[0].values).toEqual([...services, 'store-metrics']);
  const monitoring = { stores: { enabled: false } };
  const without = one(await render({ serviceMonitor: { enabled: true }, monitoring }), 'ServiceMonitor', 'so');
  expect(without.spec.selector.matchExpressions[0].values).toEqual(services);
});

test('ServiceMonitor, KEDA and autoscaling are off by default', async () => {
  const kinds = new Set((await render()).map(({ kind }) => kind));
  for (const kind of ['ServiceMonitor', 'ScaledObject', 'TriggerAuthentication', 'HorizontalPodAutoscaler']) {
    expect(kinds).not.toContain(kind);
  }
});

test('extraObjects are part of the release, and their templates are evaluated', async () => {
  const extra = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-more' } };
  one(await render({ extraObjects: [extra] }), 'ConfigMap', 'so-more');
});

test('helm uninstall keeps what the volumes need, passwords and the key of webhooks, and deletes the other secrets', async () => {
  const secrets = ofKind(await render({ stateStore: { kind: 'postgresql' } }), 'Secret');
  const kept = secrets.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep');
  expect(kept.map(({ metadata }) => metadata.name).sort()).toEqual(['so-broker', 'so-state-store', 'so-webhook-keys']);
  expect(secrets).toHaveLength(6);
});

test('generated passwords and tokens have 32 random characters', async () => {
  const made = await render({ notification: { enabled: false } });
  const values = ofKind(made, 'Secret').flatMap(({ data: { keys: _, ...data } }) => Object.values<string>(data));
  expect(new Set(values).size).toBe(4);
  for (const value of values) expect(Buffer.from(value, 'base64').toString()).toMatch(/^[A-Za-z0-9]{32}$/);
});

test('the generated key for the tokens of commands is valid for the order service', async () => {
  const objects = await render();
  const { data } = one(objects, 'Secret', 'so-order-token-keys');
  const [key] = orderConfig.shape.ORDER_TOKEN_KEYS.parse(Buffer.from(data.keys, 'base64').toString());
  expect(key).toHaveLength(32);
  expect(variable(objects, 'order', 'ORDER_TOKEN_REQUIRED')).toBe('on');
});

test('the generated key for the secrets of webhooks is valid for the notification service', async () => {
  const { data } = one(await render(), 'Secret', 'so-webhook-keys');
  const [key] = notificationConfig.shape.WEBHOOK_SECRET_KEYS.parse(Buffer.from(data.keys, 'base64').toString());
  expect(key).toHaveLength(32);
});
