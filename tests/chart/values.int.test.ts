import { consumerRequest, orderRequest, restaurantRequest, topics } from '@standing-order/contracts';
import { notificationConfig } from '@standing-order/notification/config';
import { describe, expect, test } from 'vitest';
import { type KubernetesObject, notes, ofKind, one, render, type Values } from './helm.ts';

const services = ['consumer', 'notification', 'order', 'restaurant'];
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
    ['an image that changes under its name', { image: { tag: 'latest' } }, 'image.tag is latest: name the version'],
  ])('%s', async (_, values, sentence) => {
    await expect(render(values)).rejects.toThrow(sentence);
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

describe('values that change something', () => {
  const containerOf = (objects: readonly KubernetesObject[], service: string) =>
    one(objects, 'Deployment', `so-${service}`).spec.template.spec.containers[0];
  const variable = (objects: readonly KubernetesObject[], service: string, name: string) =>
    containerOf(objects, service).env.find((entry: { name: string }) => entry.name === name)?.value;

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
      const entries = containerOf(objects, service).env.filter(({ name }: { name: string }) =>
        name.startsWith('AUTH_'),
      );
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

  test('the notes say whether a token is needed, and the chart tries itself only where none is', async () => {
    expect(await notes()).toMatch(/Nobody is asked for a token.*helm test/s);
    const auth = { issuer: 'https://issuer.example', audience: 'shop' };
    expect(await notes({ auth })).toContain('needs a token of https://issuer.example for shop');
    expect(await notes({ auth })).not.toContain('helm test');
    const tests = ofKind(await render({ auth }), 'Pod');
    expect(tests).toEqual([]);
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
    expect(ofKind(objects, 'HorizontalPodAutoscaler').map(({ spec }) => spec.scaleTargetRef.name)).toEqual([
      'so-order',
    ]);
  });

  test.each(['redis', 'kafka'])('KEDA scales each service on the backlog of its own topics (%s)', async (kind) => {
    const objects = await render({ broker: { kind }, keda: { enabled: true, lagThreshold: 1_000_000 } });
    for (const service of services) {
      const { spec } = one(objects, 'ScaledObject', `so-${service}`);
      expect(spec.scaleTargetRef.name).toBe(`so-${service}`);
      const own = Object.values(topics).filter(({ subscriber }) => subscriber === service);
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

  test('an open NetworkPolicy lets in: the named clients, the other sidecars, the test, and Prometheus when it is on', async () => {
    const clients = [{ podSelector: { matchLabels: { app: 'gateway' } } }];
    const values = { networkPolicy: { clients }, serviceMonitor: { enabled: true, namespace: 'watch' } };
    const [api, sidecars, ...more] = one(await render(values), 'NetworkPolicy', 'so-order').spec.ingress;
    expect(more).toEqual([]);
    expect(api.ports).toEqual([{ port: 'http' }]);
    expect(api.from).toMatchObject([
      ...clients,
      { podSelector: { matchLabels: { 'app.kubernetes.io/component': 'test' } } },
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'watch' } } },
    ]);
    expect(sidecars.ports).toEqual([{ port: 50_002 }]);
  });

  test.each([
    ['http://collector.watch:4318', 4318],
    ['http://collector.watch', 80],
    ['https://collector.watch', 443],
  ])('a pod may reach the collector %s, and nothing else outside', async (otlpEndpoint, port) => {
    const { egress } = one(await render({ telemetry: { otlpEndpoint } }), 'NetworkPolicy', 'so-order').spec;
    expect(egress.at(-1)).toEqual({ ports: [{ port }] });
    expect(JSON.stringify(egress)).not.toContain('0.0.0.0/0');
  });

  test('webhooks may reach the internet by https, and private addresses only where that is said', async () => {
    const egress = async (notification: object) =>
      one(await render({ notification }), 'NetworkPolicy', 'so-notification').spec.egress;
    const [internet, ...more] = (await egress({})).slice(3);
    expect(more).toEqual([]);
    expect(internet.ports).toEqual([{ port: 443 }]);
    const [v4, v6] = internet.to.map(({ ipBlock }: KubernetesObject) => ipBlock);
    expect(v4.cidr).toBe('0.0.0.0/0');
    expect(v4.except).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '192.168.0.0/16']),
    );
    expect(v6).toEqual({ cidr: '2000::/3' });

    const notification = { allowHttp: true, allowAddresses: ['10.20.0.0/16', 'fd00::/8'] };
    const [open, allowed] = (await egress(notification)).slice(3);
    expect(open.ports).toEqual([{ port: 443 }, { port: 80 }]);
    expect(allowed).toEqual({ to: [{ ipBlock: { cidr: '10.20.0.0/16' } }, { ipBlock: { cidr: 'fd00::/8' } }] });
    const objects = await render({ notification });
    expect(variable(objects, 'notification', 'WEBHOOKS_ALLOW_HTTP')).toBe('on');
    expect(variable(objects, 'notification', 'WEBHOOKS_ALLOW_ADDRESSES')).toBe('10.20.0.0/16,fd00::/8');
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
});

test('helm test places an order by a pod of its own, against every service', async () => {
  const pod = one(await render(), 'Pod', 'so-first-order');
  expect(pod.metadata.annotations?.['helm.sh/hook']).toBe('test');
  const [container] = pod.spec.containers;
  expect(container.args).toEqual(['deploy/images/first-order.ts']);
  expect(container.env).toEqual(
    ['order', 'consumer', 'restaurant'].map((service) => ({
      name: `${service.toUpperCase()}_URL`,
      value: `http://so-${service}`,
    })),
  );
});

describe('the notes', () => {
  test('give the commands for a first order, with bodies that the services take', async () => {
    const text = await notes();
    const bodies = [...text.matchAll(/-d '(.*)'/g)].map(([, body = '']) => JSON.parse(body));
    expect(bodies).toHaveLength(3);
    for (const [index, schema] of [consumerRequest, restaurantRequest, orderRequest].entries()) {
      expect(schema.safeParse(bodies[index]).error).toBeUndefined();
    }
    for (const service of services) expect(text).toContain(`port-forward service/so-${service} `);
    expect(text).toContain('helm test so --namespace shop');
  });

  test('say what stays after helm uninstall, if anything does', async () => {
    expect(await notes()).toContain('delete persistentvolumeclaim,secret --selector app.kubernetes.io/instance=so');
    const address = external({ address: 'redis.example:6379', existingSecret: 'mine' });
    expect(await notes({ broker: address, stateStore: address })).not.toContain('uninstall');
  });
});
