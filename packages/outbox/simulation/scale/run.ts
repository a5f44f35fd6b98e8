import { createOutbox, type Outbox } from '../../src/index.ts';
import { type Order, type OrderReply, orderHandler } from '../order-handler.ts';
import { Process } from '../process.ts';
import { createRng } from '../random.ts';
import { Simulator } from '../simulator.ts';
import { SimStore } from '../store.ts';
import { Server } from './server.ts';
import { NODE } from './service-times.ts';
import { type OrderPod, TimedBroker } from './timed-broker.ts';
import { createTimedStore, type Pod, type StoreServers } from './timed-store.ts';

/** A release that is simulated. */
export interface Deployment {
  /** Replicas of the order service, of the consumer service and of the restaurant service, each with a sidecar. */
  readonly replicas: number;
  readonly broker: 'redis' | 'kafka';
  readonly partitions: number;
  /** Servers of the state store, with the keys spread over them. A release has one; more are hypothetical. */
  readonly stores: number;
}

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

/** Orders of each replica that are not decided yet, at any time. With fewer, a replica waits instead of working. */
const UNDECIDED = 1_024;
/** The same for all replicas together. */
const MAX_UNDECIDED = 16_384;
const START_MS = 60_000;
const DEADLINE_MS = 10_000;
/** A client retries after this time. */
const RETRY_MS = 100;
/** Until the queues of an overloaded store are full. */
const WARMUP_MS = 4_000;
/** The first orders are placed over this time, because the queue of a replica has a limit. */
const RAMP_MS = 1_000;
const MEASURED_MS = 1_000;

/** As in the order service (services/order/src/outbox/broker-settings.ts). */
const SETTINGS = {
  redis: { reorderMs: 1_000, sharedEvidence: true, holdMs: 20 },
  kafka: { reorderMs: 1_000, fillMs: 200, holdMs: 200, answerHeld: true, replyWrites: 2, joinWrites: true },
} as const;

/** The document handler of the benchmark's orders: complete when they are decided. */
const handler = {
  ...orderHandler,
  pendingChannels: (order: Order) => (order.status === 'PENDING' ? orderHandler.pendingChannels(order) : []),
};

interface Replica extends OrderPod {
  readonly outbox: Outbox<Order, OrderReply>;
}

/** Runs the unchanged outbox in every replica, in a closed loop over the decisions: a decided order is followed by the next. */
export async function measure(deployment: Deployment, seed = 1): Promise<Measurement> {
  const rng = createRng(seed);
  const simulator = new Simulator();
  const server = (name: string) => new Server(simulator, rng.fork(name));
  const pods = (name: string): Pod[] =>
    Array.from({ length: deployment.replicas }, (_, i) => ({
      node: server(`${name} ${i}`),
      sidecar: server(`${name} sidecar ${i}`),
    }));
  const stores: StoreServers = {
    simulator,
    content: new SimStore(simulator, rng.fork('store'), 'redis'),
    servers: Array.from({ length: deployment.stores }, (_, i) => server(`store ${i}`)),
    operations: 0,
    calls: 0,
  };
  const brokerServer = server('broker');
  const validators = { consumer: pods('consumer'), details: pods('restaurant') };
  const replicas: Replica[] = [];
  const { broker: kind, partitions } = deployment;
  const broker = new TimedBroker({
    simulator,
    kind,
    partitions,
    server: brokerServer,
    stores,
    orderPods: replicas,
    validators,
  });
  const open = new Map<string, Replica>();
  let decided = 0;
  let placed = 0;

  const place = async (replica: Replica): Promise<void> => {
    const id = `o${++placed}`;
    await replica.node.work(NODE.request);
    const document: Order = {
      id,
      nonce: id,
      fingerprint: id,
      createdAt: Math.floor(simulator.now),
      body: '',
      status: 'PENDING',
      verdicts: {},
    };
    open.set(id, replica);
    const { outcome } = await replica.outbox.store(document, DEADLINE_MS);
    if (outcome === 'created') return;
    open.delete(id);
    simulator.schedule(RETRY_MS, () => void place(replica).catch(fail));
  };

  const onDecided = (id: string) => {
    const replica = open.get(id);
    if (replica === undefined || !open.delete(id)) return;
    decided++;
    void place(replica).catch(fail);
  };
  let failure: unknown;
  const fail = (error: unknown) => {
    failure ??= error;
  };

  for (const [i, pod] of pods('order').entries()) {
    const own = rng.fork(`replica ${i}`);
    const { clock } = new Process(simulator, own, `order-${i}`, { offset: 0, rate: 1 }, []);
    const outbox = createOutbox<Order, OrderReply>({
      clock,
      random: own.fork('outbox').next,
      utilization: () => pod.node.utilization(),
      store: createTimedStore(stores, pod),
      transport: broker.transport(pod),
      messageGroupOf: (_, lane) => broker.groupOf(lane),
      handler,
      settings: SETTINGS[kind],
    });
    const record: OrderPod['record'] = async (replies) => {
      const results = await outbox.record(replies);
      for (const result of results)
        if ('recorded' in result && result.document.status !== 'PENDING') onDecided(result.document.id);
    };
    replicas.push({ ...pod, outbox, record });
    outbox.start().catch(fail);
  }
  const failed = () => failure !== undefined;
  await simulator.run(START_MS, () => failed() || replicas.every(({ outbox }) => outbox.ready));
  const undecided = Math.min(UNDECIDED, MAX_UNDECIDED / deployment.replicas);
  for (const replica of replicas)
    for (let i = 0; i < undecided; i++)
      simulator.schedule((RAMP_MS * i) / undecided, () => void place(replica).catch(fail));
  await simulator.run(simulator.now + WARMUP_MS, failed);

  const kinds = {
    order: replicas.map(({ node }) => node),
    orderSidecar: replicas.map(({ sidecar }) => sidecar),
    validator: [...validators.consumer, ...validators.details].map(({ node }) => node),
    validatorSidecar: [...validators.consumer, ...validators.details].map(({ sidecar }) => sidecar),
    store: stores.servers,
    broker: [brokerServer],
  };
  const snapshot = () => ({
    at: simulator.now,
    decided,
    operations: stores.operations,
    calls: stores.calls,
    messages: broker.messages,
    busy: Object.fromEntries(
      Object.entries(kinds).map(([name, servers]) => [name, servers.map(({ busyMs }) => busyMs)]),
    ),
  });
  const before = snapshot();
  await simulator.run(simulator.now + MEASURED_MS, failed);
  if (failure !== undefined) throw failure;
  const after = snapshot();

  const seconds = (after.at - before.at) / 1000;
  const orders = after.decided - before.decided;
  const busyOf = (name: keyof typeof kinds) =>
    (after.busy[name] ?? []).map((ms, i) => ms - (before.busy[name]?.[i] ?? 0));
  const busiest = (name: keyof typeof kinds) => Math.max(...busyOf(name)) / (after.at - before.at);
  const microseconds = (name: keyof typeof kinds) => (1000 * busyOf(name).reduce((sum, ms) => sum + ms, 0)) / orders;
  return {
    deployment,
    ordersPerSecond: orders / seconds,
    storeOperationsPerSecond: (after.operations - before.operations) / seconds,
    utilization: {
      order: busiest('order'),
      orderSidecar: busiest('orderSidecar'),
      validator: busiest('validator'),
      validatorSidecar: busiest('validatorSidecar'),
      store: busiest('store'),
      broker: busiest('broker'),
    },
    perOrder: {
      storeOperations: (after.operations - before.operations) / orders,
      storeCalls: (after.calls - before.calls) / orders,
      messages: (after.messages - before.messages) / orders,
      order: microseconds('order'),
      orderSidecar: microseconds('orderSidecar'),
      validators: microseconds('validator'),
      validatorSidecars: microseconds('validatorSidecar'),
      store: microseconds('store'),
      broker: microseconds('broker'),
    },
  };
}
