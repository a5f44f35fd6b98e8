// @module-tag kubeconform
// @module-tag helm
import { expect, test } from 'vitest';
import { type KubernetesObject, one, render, variable } from './helm.ts';

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
  const [v4, v6] = internet.to.map(({ ipBlock }: KubernetesObject) => ipBlock);
  expect(v4.cidr).toBe('0.0.0.0/0');
  expect(v4.except).toEqual(expect.arrayContaining(['10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '192.168.0.0/16']));
  expect(v6).toEqual({ cidr: '2000::/3' });

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
