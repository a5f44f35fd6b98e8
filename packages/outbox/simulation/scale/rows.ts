import type { Deployment } from './release.ts';
import type { Measurement, Utilizations } from './run.ts';

/** A table of docs/scaling.md: a title and its deployments. */
export interface Group {
  readonly name: string;
  readonly title: string;
  readonly deployments: readonly Deployment[];
}

const redis = (replicas: number, stores = 1): Deployment => ({ replicas, broker: 'redis', partitions: 1, stores });
const kafka = (replicas: number, partitions: number): Deployment => ({
  replicas,
  broker: 'kafka',
  partitions,
  stores: 1,
});

export const GROUPS: readonly Group[] = [
  {
    name: 'redis',
    title: 'One state store, messages on Redis',
    deployments: [redis(1), redis(2), redis(4), redis(16), redis(64)],
  },
  {
    name: 'stores',
    title: 'A state store server for each replica (hypothetical), messages on Redis',
    deployments: [redis(1), redis(2, 2), redis(4, 4), redis(16, 16), redis(64, 64)],
  },
  {
    name: 'kafka-8',
    title: 'One state store, messages on Kafka with 8 partitions',
    deployments: [kafka(1, 8), kafka(2, 8), kafka(4, 8), kafka(16, 8), kafka(64, 8)],
  },
  {
    name: 'kafka-64',
    title: 'One state store, messages on Kafka with 64 partitions',
    deployments: [kafka(1, 64), kafka(2, 64), kafka(4, 64), kafka(16, 64), kafka(64, 64)],
  },
];

const NAMES: Readonly<Record<keyof Utilizations, string>> = {
  order: 'order service',
  orderSidecar: "order service's sidecar",
  validator: 'validator',
  validatorSidecar: "validator's sidecar",
  store: 'state store',
  broker: 'broker',
};

/** From this utilization on, a processor is the limit. */
const SATURATED = 0.85;

/** The busiest kind of processor. Without a saturated one, orders wait in partitions, which deliver one message at a time. */
export function limitOf({ utilization }: Measurement): string {
  const [name, busiest] = Object.entries(utilization).reduce((a, b) => (b[1] > a[1] ? b : a)) as [
    keyof Utilizations,
    number,
  ];
  const share = `${Math.round(100 * busiest)} %`;
  return busiest >= SATURATED ? `${NAMES[name]} (${share})` : `waiting; busiest: ${NAMES[name]} (${share})`;
}
