// @module-tag kubeconform
// @module-tag helm
import { isIPv4 } from 'node:net';
import { parseRanges } from '@standing-order/notification/address-policy';
import { expect, test } from 'vitest';
import { containerOf, type KubernetesObject, one, render, type Values, variable } from './helm.ts';

test('ingress of a service: the configured clients, the other sidecars, helm test, and Prometheus when it is on', async () => {
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
])('egress of a service includes the collector %s, and no other address outside', async (otlpEndpoint, port) => {
  const { egress } = one(await render({ telemetry: { otlpEndpoint } }), 'NetworkPolicy', 'so-order').spec;
  expect(egress.at(-1)).toEqual({ ports: [{ port }] });
  expect(JSON.stringify(egress)).not.toContain('0.0.0.0/0');
});

test('webhooks reach the internet on any port, and only the private ranges of allowAddresses', async () => {
  const egress = async (notification: object) =>
    one(await render({ notification }), 'NetworkPolicy', 'so-notification').spec.egress;
  const [internet, ...more] = (await egress({})).slice(3);
  expect(more).toEqual([]);
  // A webhook may have any port, such as https://host:8443.
  expect(internet.ports).toBeUndefined();
  const [v4, v6, ...nat64] = internet.to.map(({ ipBlock }: KubernetesObject) => ipBlock);
  expect(v4.cidr).toBe('0.0.0.0/0');
  expect(v4.except).toEqual(expect.arrayContaining(['10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '192.168.0.0/16']));
  expect(v6).toEqual({ cidr: '2000::/3' });
  expect(nat64.map(({ cidr }: KubernetesObject) => cidr)).toEqual(['64:ff9b::/96', '64:ff9b:1::/96']);

  const notification = { allowHttp: true, allowAddresses: ['10.20.0.0/16', 'fd00::/8'] };
  expect((await egress(notification))[4]).toEqual({
    to: [{ ipBlock: { cidr: '10.20.0.0/16' } }, { ipBlock: { cidr: 'fd00::/8' } }],
  });
  const objects = await render({ notification });
  expect(variable(objects, 'notification', 'WEBHOOKS_ALLOW_HTTP')).toBe('on');
  expect(variable(objects, 'notification', 'WEBHOOKS_ALLOW_ADDRESSES')).toBe('10.20.0.0/16,fd00::/8');
});

test.each([
  ['redis', 6379],
  ['kafka', 9092],
])('clients that order by message reach the %s broker on its port, and no other pod does', async (kind, port) => {
  const ingress = async (clients: object[]) =>
    one(await render({ broker: { kind, clients } }), 'NetworkPolicy', 'so-broker').spec.ingress;
  const podSelector = { matchLabels: { app: 'kiosk' } };
  const without = await ingress([]);
  expect(without).toHaveLength(1);
  expect(await ingress([{ appId: 'shop' }, { appId: 'kiosk', podSelector }])).toEqual([
    ...without,
    { ports: [{ port }], from: [{ podSelector: { matchLabels: { 'dapr.io/app-id': 'shop' } } }] },
    { ports: [{ port }], from: [{ podSelector }] },
  ]);
});

test('clients that order by message do not reach the state store', async () => {
  const store = async (clients: object[]) =>
    one(await render({ broker: { clients } }), 'NetworkPolicy', 'so-state-store').spec;
  expect(await store([{ appId: 'shop' }])).toEqual(await store([]));
});

/** Whether egress rules let a pod connect to this address. Only rules with ranges, or without peers, can. */
function isReachable(egress: readonly KubernetesObject[], address: string, port: number): boolean {
  const includes = (ranges: readonly string[]) => {
    const list = parseRanges(ranges);
    if (!list) throw new Error(`one of these ranges is invalid: ${ranges.join(', ')}`);
    return isIPv4(address) ? list.ipv4.check(address, 'ipv4') : list.ipv6.check(address, 'ipv6');
  };
  return egress.some(({ to, ports }) => {
    if (ports !== undefined && !ports.some((allowed: { port: number }) => allowed.port === port)) return false;
    if (to === undefined) return true;
    return to.some(
      ({ ipBlock }: KubernetesObject) =>
        ipBlock !== undefined && includes([ipBlock.cidr]) && !includes(ipBlock.except ?? []),
    );
  });
}

const egressOf = async (service: string, values: Values): Promise<KubernetesObject[]> =>
  one(await render(values), 'NetworkPolicy', `so-${service}`).spec.egress;
const PRIVATE = ['10.0.0.1', '169.254.169.254', '168.63.129.16', '192.168.0.1', 'fd00::1', '::1', 'fe80::1'];
const NAT64 = ['64:ff9b::', '64:ff9b:1::', '2001:db8:64::'];
const nat64Prefixes = ['2001:db8:64::/96'];
const postgresql = { kind: 'postgresql', inChart: false, external: { existingSecret: 'mine' } };
const kafka = { kind: 'kafka', inChart: false, external: { address: 'a.example:9093,b.example:9094' } };
const auth = { issuer: 'https://issuer.example.com', audience: 'shop', jwksUrl: 'https://keys.example.com:8443/jwks' };
const everythingOutside = {
  stateStore: postgresql,
  broker: kafka,
  auth,
  telemetry: { otlpEndpoint: 'https://collector.example.com' },
  notification: { nat64Prefixes, proxy: 'https://proxy.example.com' },
};

test.each<[string, Values]>([
  ['an external PostgreSQL', { stateStore: postgresql }],
  ['an issuer', { auth }],
  ['everything outside', everythingOutside],
  ['allowed NAT64 ranges', { notification: { allowAddresses: ['64:ff9b::/96', '64:ff9b:1::/48', ...nat64Prefixes] } }],
  [
    'allowed NAT64 ranges in other notations',
    { notification: { allowAddresses: ['64:FF9B::/96', '0064:ff9b:0001::/48', '2001:DB8:0064::/96'] } },
  ],
])('with %s the notification service reaches public addresses, and no private one', async (_, values) => {
  const notification = { nat64Prefixes, ...(values.notification as object) };
  const egress = await egressOf('notification', { ...values, notification });
  for (const port of [80, 443, 6443, 8443, 9092]) {
    for (const address of [...PRIVATE, ...NAT64.flatMap((prefix) => [`${prefix}a9fe:a9fe`, `${prefix}a00:1`])]) {
      expect([address, isReachable(egress, address, port)]).toEqual([address, false]);
    }
    for (const address of ['8.8.8.8', '2606:4700::1111', ...NAT64.map((prefix) => `${prefix}808:808`)]) {
      expect([address, isReachable(egress, address, port)]).toEqual([address, true]);
    }
  }
});

test('without peers, an external store or broker opens its own port only', async () => {
  for (const service of ['order', 'notification']) {
    const egress = await egressOf(service, { stateStore: postgresql, broker: kafka });
    const reachable = [443, 5432, 6432, 9092, 9093, 9094].filter((port) => isReachable(egress, '10.0.0.1', port));
    expect(reachable).toEqual([5432, 9093, 9094]);
  }
  const egress = await egressOf('notification', {
    stateStore: postgresql,
    networkPolicy: { egress: { postgresqlPort: 6432 } },
  });
  expect([5432, 6432].map((port) => isReachable(egress, '10.0.0.1', port))).toEqual([false, true]);
});

// With Cilium, a rule with the range 0.0.0.0/0 matches no pod of the cluster.
test.each([
  ['redis', 'redis.db.svc:6379', 'broker.queue.svc:6379'],
  ['kafka', 'redis.db.svc.cluster.local:6379', 'kafka-0.kafka.svc:9092,kafka-1.kafka.svc:9092'],
  ['kafka', 'redis.example:6379', 'kafka.example:9092'],
])('stores in other namespaces are reached without ranges, with %s at %s and %s', async (kind, store, broker) => {
  const values = {
    stateStore: { inChart: false, external: { address: store } },
    broker: { kind, inChart: false, external: { address: broker } },
  };
  const ports = [...`${store},${broker}`.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  for (const service of ['order', 'consumer', 'restaurant', 'notification']) {
    const egress = await egressOf(service, values);
    for (const port of ports) {
      const rules = egress.filter((rule) => rule.ports?.some((allowed: { port: number }) => allowed.port === port));
      expect(rules.length, `${service}:${port}`).toBeGreaterThan(0);
      expect(JSON.stringify(rules)).not.toContain('ipBlock');
    }
  }
});

test('peers replace every rule without them', async () => {
  const peers = (cidr: string) => [{ ipBlock: { cidr } }];
  const networkPolicy = {
    egress: {
      stateStore: peers('10.0.1.0/24'),
      broker: [{ namespaceSelector: { matchLabels: { team: 'kafka' } } }],
      issuer: peers('10.0.2.0/24'),
      collector: peers('10.0.3.0/24'),
      proxy: peers('10.0.4.0/24'),
    },
  };
  const values = { ...everythingOutside, networkPolicy };
  const [dns, ...order] = await egressOf('order', values);
  expect(dns?.ports).toEqual([
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ]);
  expect(order.slice(2)).toEqual([
    { ports: [{ port: 5432 }], to: peers('10.0.1.0/24') },
    // Brokers of Kafka may advertise other ports.
    { to: networkPolicy.egress.broker },
    { ports: [{ port: 443 }], to: peers('10.0.3.0/24') },
    { ports: [{ port: 443 }], to: peers('10.0.2.0/24') },
    { ports: [{ port: 8443 }], to: peers('10.0.2.0/24') },
  ]);
  const notification = await egressOf('notification', values);
  expect(notification.slice(4)).toEqual([...order.slice(2), { ports: [{ port: 443 }], to: peers('10.0.4.0/24') }]);
});

test.each([
  ['collector', 'http://collector:4318', [{ podSelector: {} }]],
  ['collector', 'http://collector.watch:4318', [{ namespaceSelector: named('watch') }]],
  ['collector', 'http://collector.watch.svc.cluster.local:4318', [{ namespaceSelector: named('watch') }]],
  ['collector', 'http://10.9.8.7:4318', [{ ipBlock: { cidr: '10.9.8.7/32' } }]],
  ['state store', 'redis.db.svc:4318', [{ namespaceSelector: named('db') }]],
  // Two labels may also be a public name, whose address the chart does not have.
  ['state store', 'redis.example:4318', undefined],
])('without peers, the notification service reaches a %s at %s', async (kind, address, to) => {
  const values =
    kind === 'collector'
      ? { telemetry: { otlpEndpoint: address } }
      : { stateStore: { inChart: false, external: { address } } };
  expect((await egressOf('notification', values)).at(-1)).toEqual({ ports: [{ port: 4318 }], ...(to && { to }) });
});

function named(namespace: string) {
  return { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
}

test('the certificate authorities, the proxy and the NAT64 prefixes of webhooks reach the notification service only', async () => {
  const notification = { caBundle: { configMap: 'private-ca' }, proxy: 'http://proxy.example:3128', nat64Prefixes };
  const objects = await render({ notification });
  expect(variable(objects, 'notification', 'WEBHOOKS_CA_FILE')).toBe('/etc/webhooks-ca/ca.crt');
  expect(variable(objects, 'notification', 'WEBHOOKS_PROXY')).toBe('http://proxy.example:3128');
  expect(variable(objects, 'notification', 'WEBHOOKS_NAT64_PREFIXES')).toBe('2001:db8:64::/96');
  expect(containerOf(objects, 'notification').volumeMounts).toContainEqual({
    name: 'webhooks-ca',
    mountPath: '/etc/webhooks-ca',
    readOnly: true,
  });
  expect(one(objects, 'Deployment', 'so-notification').spec.template.spec.volumes).toContainEqual({
    name: 'webhooks-ca',
    configMap: { name: 'private-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
  });
  expect(JSON.stringify(one(objects, 'Deployment', 'so-order'))).not.toContain('webhooks-ca');
  expect(variable(await render(), 'notification', 'WEBHOOKS_CA_FILE')).toBe('');
});
