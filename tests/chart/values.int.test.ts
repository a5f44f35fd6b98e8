// @module-tag kubeconform
// @module-tag helm
import { TOPICS } from '@standing-order/contracts';
import { notificationConfig } from '@standing-order/notification/config';
import { expect, test } from 'vitest';
import { containerOf, type KubernetesObject, ofKind, one, render, services, type Values, variable } from './helm.ts';

test('a service overrides the defaults, and only for itself', async () => {
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

test('a number reaches a service as it is written', async () => {
  const objects = await render({ defaults: { env: { LIMIT: 5_000_000, FLAG: false, TEXT: '1.50' } } });
  expect(['LIMIT', 'FLAG', 'TEXT'].map((name) => variable(objects, 'consumer', name))).toEqual([
    '5000000',
    'false',
    '1.50',
  ]);
});

test('requests and limits of a sidecar are all told to Dapr, and no others', async () => {
  const told = async (sidecarResources: object) =>
    Object.entries(
      one(await render({ services: { order: { sidecarResources } } }), 'Deployment', 'so-order').spec.template.metadata
        .annotations,
    ).filter(([name]) => /^dapr.io\/sidecar-(cpu|memory)-/.test(name));
  expect(Object.fromEntries(await told({ limits: { cpu: 1 } }))).toEqual({
    'dapr.io/sidecar-cpu-request': '75m',
    'dapr.io/sidecar-cpu-limit': '1',
    'dapr.io/sidecar-memory-request': '128Mi',
    'dapr.io/sidecar-memory-limit': '512Mi',
  });
  expect((await told({})).map(([name]) => name)).not.toContain('dapr.io/sidecar-cpu-limit');
});

test('the PostgreSQL of the chart takes as many connections as all sidecars may open', async () => {
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

test('style, deadline and limits reach the order service as whole numbers', async () => {
  const order = { style: 'synchronous', styleOverride: 'allowed', deadlineSeconds: 86_400, maxOpenOrders: 5_000_000 };
  const objects = await render({ order });
  expect(variable(objects, 'order', 'ORDER_STYLE')).toBe('synchronous');
  expect(variable(objects, 'order', 'STYLE_OVERRIDE')).toBe('allowed');
  expect(variable(objects, 'order', 'ORDER_DEADLINE_SECONDS')).toBe('86400');
  expect(variable(objects, 'order', 'MAX_OPEN_ORDERS')).toBe('5000000');
  expect(variable(await render(), 'order', 'ORDER_DEADLINE_SECONDS')).toBeUndefined();
  expect(variable(objects, 'consumer', 'MAX_OPEN_ORDERS')).toBeUndefined();
});

test('callers are asked for tokens by every service, where the issuer can be reached, or by none', async () => {
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
    expect(egress).toEqual(expect.arrayContaining([{ ports: [{ port: 443 }] }, { ports: [{ port: 8088 }] }]));
  }
  expect(variable(await render(), 'order', 'AUTH_ISSUER')).toBeUndefined();
});

test('what Dapr reads only at the start of a sidecar makes new pods when it changes, and nothing else does', async () => {
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

test('autoscaling leaves the number of replicas to the autoscaler', async () => {
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

test('by default two Redis, each with a log of every write, that refuse rather than forget', async () => {
  const objects = await render();
  const commands = ['so-state-store', 'so-broker'].map(
    (name) => one(objects, 'StatefulSet', name).spec.template.spec.containers[0].args[0],
  );
  expect(commands[0]).toContain('--appendonly yes --appendfsync always');
  expect(commands[1]).toContain('--appendonly yes --appendfsync everysec');
  for (const command of commands) expect(command).toContain('--maxmemory-policy noeviction --requirepass');
});

test('without the notification service nobody is told, and nothing is left of it', async () => {
  const objects = await render({ services: { notification: null } });
  expect(variable(await render(), 'order', 'NOTIFICATIONS')).toBe('on');
  expect(variable(objects, 'order', 'NOTIFICATIONS')).toBe('off');
  expect(JSON.stringify(objects)).not.toMatch(/so-notification|order-settled/);
});

test('a ServiceMonitor reads the metrics of every service', async () => {
  const monitor = one(await render({ serviceMonitor: { enabled: true } }), 'ServiceMonitor', 'so');
  expect(monitor.spec.endpoints).toEqual([{ port: 'http', path: '/metrics', interval: '30s' }]);
  expect(monitor.spec.selector.matchExpressions[0].values).toEqual(services);
});

test('what is optional is off: no ServiceMonitor, no KEDA, no autoscaler', async () => {
  const kinds = new Set((await render()).map(({ kind }) => kind));
  for (const kind of ['ServiceMonitor', 'ScaledObject', 'TriggerAuthentication', 'HorizontalPodAutoscaler']) {
    expect(kinds).not.toContain(kind);
  }
});

test('extraObjects come with the release, with its name filled in', async () => {
  const extra = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-more' } };
  one(await render({ extraObjects: [extra] }), 'ConfigMap', 'so-more');
});

test('passwords and keys stay when the release goes, like the volumes they open; tokens do not', async () => {
  const secrets = ofKind(await render({ stateStore: { kind: 'postgresql' } }), 'Secret');
  const kept = secrets.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep');
  expect(kept.map(({ metadata }) => metadata.name).sort()).toEqual(['so-broker', 'so-state-store', 'so-webhook-keys']);
  expect(secrets).toHaveLength(5);
});

test('passwords and tokens are long, random and different', async () => {
  const made = await render({ services: { notification: null } });
  const values = ofKind(made, 'Secret').flatMap(({ data }) => Object.values<string>(data));
  expect(new Set(values).size).toBe(4);
  for (const value of values) expect(Buffer.from(value, 'base64').toString()).toMatch(/^[A-Za-z0-9]{32}$/);
});

test('the key that seals the secrets of webhooks is one that the service takes', async () => {
  const { data } = one(await render(), 'Secret', 'so-webhook-keys');
  const [key] = notificationConfig.shape.WEBHOOK_SECRET_KEYS.parse(Buffer.from(data.keys, 'base64').toString());
  expect(key).toHaveLength(32);
});
