import { orderConfig } from '@standing-order/order/config';
import type { Values } from './helm.ts';

const brokers = ['redis', 'kafka'] as const;
const stores = ['redis', 'postgresql'] as const;
const styles = orderConfig.shape.ORDER_STYLE.unwrap().options;

interface Combination {
  readonly name: string;
  readonly values: Values;
}

/** Every broker with every state store: inside the chart with the defaults, and external with all optional features. */
export const places: readonly Combination[] = brokers.flatMap((broker) =>
  stores.flatMap((store) => [
    { name: `${broker}, ${store}, in the chart`, values: { broker: { kind: broker }, stateStore: { kind: store } } },
    { name: `${broker}, ${store}, outside`, values: outside(broker, store) },
  ]),
);

/** Each of these with every style. */
export const combinations: readonly Combination[] = places.flatMap(({ name, values }) =>
  styles.map((style) => ({
    name: `${style}, ${name}`,
    values: { ...values, order: { ...(values.order as Values), style, deadlineSeconds: 60 } },
  })),
);

const sasl = { address: 'a.example:9093,[fd00::1]:9093', existingSecret: 'mine', tls: true };
const certificates = { ca: { secret: 'ca' }, clientCertificate: { secret: 'mine' } };
const redisServer = { username: 'orders', existingSecret: 'mine', tls: true, clientCertificate: { secret: 'mine' } };

const kafka = (external: Values): Values => ({
  broker: { kind: 'kafka', inChart: false, external: { ...sasl, ...external } },
  keda: { enabled: true },
});
const redis = (external: Values): Values => {
  const part = { inChart: false, external: { address: '[fd00::1]:6380', ...redisServer, ...external } };
  return { broker: part, stateStore: part, keda: { enabled: true } };
};
const sentinel = { masterName: 'orders', username: 'watch', passwordKey: 'sentinel' };
const platform: Values = {
  security: { ids: 'platform', podSecurityContext: { supplementalGroups: [1] } },
  commonLabels: { team: 'orders' },
  caBundle: { secret: 'ca' },
  ipFamilyPolicy: 'PreferDualStack',
  ipFamilies: ['IPv6', 'IPv4'],
  networkPolicy: { dnsPorts: [53, 5353], egress: { webhooks: [{ podSelector: {} }] } },
  stateStore: { metadata: { a: 'b', c: { name: 'mine', key: 'c' } } },
};

/** Features of clusters, and every way to authenticate at an external broker or store. */
export const features: readonly Combination[] = [
  { name: 'features of the platform', values: platform },
  ...['plain', 'scram-sha-256', 'scram-sha-512'].map((authentication) => ({
    name: `Kafka with ${authentication}`,
    values: kafka({ authentication, username: 'orders' }),
  })),
  {
    name: 'Kafka with oidc',
    values: kafka({ authentication: 'oidc', oidc: { tokenEndpoint: 'https://login.example' } }),
  },
  { name: 'Kafka with mtls', values: kafka({ authentication: 'mtls', existingSecret: '', ...certificates }) },
  { name: 'Kafka with TLS only', values: kafka({ existingSecret: '', ca: { secret: 'ca' } }) },
  { name: 'Redis with a user and TLS', values: redis({}) },
  { name: 'Redis behind Sentinel', values: redis({ address: 'a.example:26379,b.example:26379', sentinel }) },
];

function outside(broker: string, store: string): Values {
  const keda = { enabled: broker === 'kafka' };
  const address = store === 'redis' ? { address: 'store.example:6380', tls: true } : {};
  return {
    broker: {
      kind: broker,
      inChart: false,
      external: { address: 'broker.example:1', existingSecret: 'mine', tls: true },
      clients: [{ appId: 'kiosk', name: 'kiosk-1', podSelector: { matchLabels: { app: 'kiosk' } } }],
    },
    stateStore: { kind: store, inChart: false, external: { existingSecret: 'mine', ...address } },
    dapr: { apiTokenSecret: 'mine', appTokenSecret: 'mine', nativeSidecar: false },
    order: { tokenKeysSecret: 'mine' },
    notification: { keysSecret: 'mine' },
    keda,
    defaults: {
      autoscaling: { enabled: !keda.enabled },
      env: { LAB: 1 },
      podLabels: { team: 'orders' },
      tolerations: [{ key: 'spot', operator: 'Exists' }],
      nodeSelector: { disk: 'fast' },
      priorityClassName: 'high',
    },
    image: { repository: 'registry.example/standing-order', tag: '1.2.3', pullSecrets: [{ name: 'pull' }] },
    telemetry: { otlpEndpoint: 'https://collector.example/tenant', otlpHeadersSecret: 'mine' },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    monitoring: { alerts: { enabled: true }, dashboard: { enabled: true } },
    networkPolicy: { clients: [{ podSelector: { matchLabels: { app: 'gateway' } } }] },
    extraObjects: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-more' }, data: { a: 'b' } },
    ],
  };
}
