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
