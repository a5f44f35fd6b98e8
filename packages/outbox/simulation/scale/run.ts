import { createRng } from '../random.ts';
import { type Deployment, Release, type Servers } from './release.ts';

/** Utilization of the busiest processor of each kind, from 0 to 1. */
export interface Utilizations {
  readonly order: number;
  readonly orderSidecar: number;
  readonly validator: number;
  readonly validatorSidecar: number;
  readonly store: number;
  readonly broker: number;
}

/** A deployment at saturation. */
export interface Measurement {
  readonly deployment: Deployment;
  readonly ordersPerSecond: number;
  /** Documents of the state store that are read, written or deleted. */
  readonly storeOperationsPerSecond: number;
  readonly utilization: Utilizations;
  /** Per decided order. */
  readonly perOrder: {
    readonly storeOperations: number;
    readonly storeCalls: number;
    readonly messages: number;
    /** Microseconds of processor time, by kind of processor. */
    readonly order: number;
    readonly orderSidecar: number;
    readonly validators: number;
    readonly validatorSidecars: number;
    readonly store: number;
    readonly broker: number;
  };
}

/** Until the queues of an overloaded store are full. */
const WARMUP_MS = 4_000;
const MEASURED_MS = 1_000;

/** Counts since the start of a release. */
interface Counts {
  readonly at: number;
  readonly decided: number;
  readonly operations: number;
  readonly calls: number;
  readonly messages: number;
  /** Milliseconds that each processor was busy, by kind. */
  readonly busyMs: Readonly<Record<keyof Servers, readonly number[]>>;
}

/** Runs a release in a closed loop, and measures it for a second after its warm-up. */
export async function measure(deployment: Deployment, seed = 1): Promise<Measurement> {
  const release = new Release(deployment, createRng(seed));
  await release.start();
  await release.run(WARMUP_MS);
  const before = countsOf(release);
  await release.run(MEASURED_MS);
  return { deployment, ...measurementOf(before, countsOf(release)) };
}

function countsOf({ simulator, decided, stores, broker, servers }: Release): Counts {
  const busyOf = (kind: keyof Servers) => servers[kind].map(({ busyMs }) => busyMs);
  return {
    at: simulator.now,
    decided,
    operations: stores.operations,
    calls: stores.calls,
    messages: broker.messages,
    busyMs: {
      order: busyOf('order'),
      orderSidecar: busyOf('orderSidecar'),
      validator: busyOf('validator'),
      validatorSidecar: busyOf('validatorSidecar'),
      store: busyOf('store'),
      broker: busyOf('broker'),
    },
  };
}

function measurementOf(before: Counts, after: Counts): Omit<Measurement, 'deployment'> {
  const ms = after.at - before.at;
  const orders = after.decided - before.decided;
  const difference = (count: 'operations' | 'calls' | 'messages') => after[count] - before[count];
  const busyOf = (kind: keyof Servers) => after.busyMs[kind].map((busy, i) => busy - (before.busyMs[kind][i] ?? 0));
  const busiest = (kind: keyof Servers) => Math.max(...busyOf(kind)) / ms;
  const microseconds = (kind: keyof Servers) => (1000 * busyOf(kind).reduce((sum, busy) => sum + busy, 0)) / orders;
  return {
    ordersPerSecond: (1000 * orders) / ms,
    storeOperationsPerSecond: (1000 * difference('operations')) / ms,
    utilization: {
      order: busiest('order'),
      orderSidecar: busiest('orderSidecar'),
      validator: busiest('validator'),
      validatorSidecar: busiest('validatorSidecar'),
      store: busiest('store'),
      broker: busiest('broker'),
    },
    perOrder: {
      storeOperations: difference('operations') / orders,
      storeCalls: difference('calls') / orders,
      messages: difference('messages') / orders,
      order: microseconds('order'),
      orderSidecar: microseconds('orderSidecar'),
      validators: microseconds('validator'),
      validatorSidecars: microseconds('validatorSidecar'),
      store: microseconds('store'),
      broker: microseconds('broker'),
    },
  };
}
