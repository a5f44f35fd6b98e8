import { createOutbox, type Outbox } from '../../src/index.ts';
import { type Order, type OrderReply, orderHandler } from '../order-handler.ts';
import { Process } from '../process.ts';
import type { Rng } from '../random.ts';
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

/** Orders of each replica that are not decided yet, at any time. With fewer, a replica waits instead of working. */
const UNDECIDED = 1_024;
/** The same for all replicas together. */
const MAX_UNDECIDED = 16_384;
const START_MS = 60_000;
const DEADLINE_MS = 10_000;
/** A client retries after this time. */
const RETRY_MS = 100;
/** The first orders are placed over this time, because the queue of a replica has a limit. */
const RAMP_MS = 1_000;

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

/** The processors of a release, by kind. */
export interface Servers {
  readonly order: readonly Server[];
  readonly orderSidecar: readonly Server[];
  readonly validator: readonly Server[];
  readonly validatorSidecar: readonly Server[];
  readonly store: readonly Server[];
  readonly broker: readonly Server[];
}

/** A simulated release, whose replicas run the unchanged outbox. The same random numbers give the same run. */
export class Release {
  readonly simulator = new Simulator();
  readonly stores: StoreServers;
  readonly broker: TimedBroker;
  readonly servers: Servers;
  /** Number of decided orders so far. */
  decided = 0;
  readonly #replicas: Replica[] = [];
  /** The replicas of undecided orders, by order id. */
  readonly #open = new Map<string, Replica>();
  #placed = 0;
  #failure: unknown;

  constructor(deployment: Deployment, rng: Rng) {
    const { simulator } = this;
    const server = (name: string) => new Server(simulator, rng.fork(name));
    const pods = (name: string): Pod[] =>
      Array.from({ length: deployment.replicas }, (_, i) => ({
        node: server(`${name} ${i}`),
        sidecar: server(`${name} sidecar ${i}`),
      }));
    this.stores = {
      simulator,
      content: new SimStore(simulator, rng.fork('store'), 'redis'),
      servers: Array.from({ length: deployment.stores }, (_, i) => server(`store ${i}`)),
      operations: 0,
      calls: 0,
    };
    const brokerServer = server('broker');
    const validators = { consumer: pods('consumer'), details: pods('restaurant') };
    const { broker: kind, partitions } = deployment;
    this.broker = new TimedBroker({
      simulator,
      kind,
      partitions,
      server: brokerServer,
      stores: this.stores,
      orderPods: this.#replicas,
      validators,
    });
    for (const [i, pod] of pods('order').entries()) this.#replicas.push(this.#replica(kind, i, pod, rng));
    const validatorPods = [...validators.consumer, ...validators.details];
    this.servers = {
      order: this.#replicas.map(({ node }) => node),
      orderSidecar: this.#replicas.map(({ sidecar }) => sidecar),
      validator: validatorPods.map(({ node }) => node),
      validatorSidecar: validatorPods.map(({ sidecar }) => sidecar),
      store: this.stores.servers,
      broker: [brokerServer],
    };
  }

  /**
   * Starts the replicas and places the first orders. In the closed loop that follows, a decided order is followed by the next.
   * @throws as `run`
   */
  async start(): Promise<void> {
    const fail = (error: unknown) => this.#fail(error);
    for (const { outbox } of this.#replicas) outbox.start().catch(fail);
    await this.run(START_MS, () => this.#replicas.every(({ outbox }) => outbox.ready));
    const undecided = Math.min(UNDECIDED, MAX_UNDECIDED / this.#replicas.length);
    for (const replica of this.#replicas)
      for (let i = 0; i < undecided; i++)
        this.simulator.schedule((RAMP_MS * i) / undecided, () => this.#placeNext(replica));
  }

  /** Lets this time pass, or less once `until` holds. @throws the first failure of a replica */
  async run(ms: number, until: () => boolean = () => false): Promise<void> {
    const { simulator } = this;
    await simulator.run(simulator.now + ms, () => this.#failure !== undefined || until());
    if (this.#failure !== undefined) throw this.#failure;
  }

  #replica(kind: Deployment['broker'], index: number, pod: Pod, rng: Rng): Replica {
    const { simulator, broker } = this;
    const own = rng.fork(`replica ${index}`);
    const { clock } = new Process(simulator, own, `order-${index}`, { offset: 0, rate: 1 }, []);
    const outbox = createOutbox<Order, OrderReply>({
      clock,
      random: own.fork('outbox').next,
      utilization: () => pod.node.utilization(),
      store: createTimedStore(this.stores, pod),
      transport: broker.transport(pod),
      messageGroupOf: (_, lane) => broker.groupOf(lane),
      handler,
      settings: SETTINGS[kind],
    });
    const record: OrderPod['record'] = async (replies) => {
      for (const result of await outbox.record(replies))
        if ('recorded' in result && result.document.status !== 'PENDING') this.#onDecided(result.document.id);
    };
    return { ...pod, outbox, record };
  }

  #placeNext(replica: Replica): void {
    this.#place(replica).catch((error: unknown) => this.#fail(error));
  }

  async #place(replica: Replica): Promise<void> {
    const { simulator } = this;
    const id = `o${++this.#placed}`;
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
    this.#open.set(id, replica);
    const { outcome } = await replica.outbox.store(document, DEADLINE_MS);
    if (outcome === 'created') return;
    this.#open.delete(id);
    simulator.schedule(RETRY_MS, () => this.#placeNext(replica));
  }

  #onDecided(id: string): void {
    const replica = this.#open.get(id);
    if (replica === undefined) return;
    this.#open.delete(id);
    this.decided++;
    this.#placeNext(replica);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }
}
