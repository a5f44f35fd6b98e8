import {
  createOutbox,
  type Outbox,
  type Policies,
  type Settings,
  type Store,
  UnsupportedStoreError,
} from '../src/index.ts';
import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import type { ReplyHandler, ReplyMessage, SimBroker } from './broker.ts';
import { createFaultyStore, type StoreEnvironment } from './faulty-store.ts';
import type { FlowChecker } from './flow-checker.ts';
import type { InvariantChecker } from './invariant-checker.ts';
import { expiringOrderHandler, type Order, type OrderReply } from './order-handler.ts';
import { type ClockFault, type PlannedPause, Process } from './process.ts';
import type { Rng } from './random.ts';
import type { Simulator } from './simulator.ts';

/** What a variant may change of the outbox and of its ports. */
export interface OutboxBuild {
  readonly settings: Partial<Settings>;
  readonly policies: Partial<Policies>;
  readonly wrapStore?: (store: Store, process: Process) => Store;
}

/** A running outbox in its process. */
export interface Replica extends ReplyHandler {
  readonly slot: number;
  readonly process: Process;
  readonly store: Store;
  readonly outbox: Outbox<Order, OrderReply>;
}

/** What a cluster starts its replicas with. */
export interface ClusterOptions {
  readonly environment: StoreEnvironment;
  readonly rng: Rng;
  readonly broker: SimBroker;
  readonly checker: InvariantChecker;
  readonly flow: FlowChecker;
  readonly build: OutboxBuild;
  /** Seconds for which a complete order is kept. Undefined: for ever. */
  readonly retentionSeconds: number | undefined;
  /** Clocks and pauses of the n-th process that is started. */
  readonly profiles: (n: number) => { readonly clock: ClockFault; readonly pauses: readonly PlannedPause[] };
}

/** A leaving process is killed after this time. */
const LEAVE_DEADLINE = 30 * SECOND;
/** A pause from this length on pauses the other processes too. */
const LONG_PAUSE = 2 * HOUR;
/** The other processes run this long during a long pause, at its start and at its end. */
const OTHERS_RUN_FOR = 15 * MINUTE;

/** As with Redis. */
const HOLD_MS = 20;

/** Rises from idle to busy once every 10 s, so that every schedule has commits with and without a pause. */
const utilizationAt = (now: number): number => (now % (10 * SECOND)) / (10 * SECOND);

/** Replicas that start and stop. A slot holds one replica at a time. */
export class Cluster {
  readonly replicas = new Map<number, Replica>();
  private readonly options: ClusterOptions;
  private readonly simulator: Simulator;
  private readonly leaving = new Set<Process>();
  private started = 0;
  /** Processes that start before this time are paused until then. */
  private pausedUntil = 0;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.simulator = options.environment.simulator;
  }

  /** The replicas that a load balancer would choose from. */
  alive(): readonly Replica[] {
    return [...this.replicas.values()].filter(({ process }) => process.alive);
  }

  start(slot: number): void {
    if (this.replicas.get(slot)?.process.alive) return;
    const { environment, rng, broker, checker, flow, build, profiles, retentionSeconds } = this.options;
    const n = ++this.started;
    const own = rng.fork(`process ${n}`);
    const { clock, pauses } = profiles(n);
    const process = new Process(this.simulator, own, `order-${slot}.${n}`, clock, pauses);
    process.onInterrupted = (ms) => {
      if (process.alive) this.pauseOthers(process, ms);
      else this.simulator.schedule(ms, () => this.start(slot));
    };
    const link = createFaultyStore(environment, process, own.fork('link'));
    const store = build.wrapStore?.(link, process) ?? link;
    const outbox = createOutbox<Order, OrderReply>({
      clock: process.clock,
      random: own.fork('outbox').next,
      utilization: () => utilizationAt(this.simulator.now),
      store,
      transport: broker.transport(process),
      messageGroupOf: (_, lane) => broker.groupOf(lane),
      handler: expiringOrderHandler(retentionSeconds),
      settings: { holdMs: HOLD_MS, ...build.settings },
      policies: build.policies,
      observer: {
        event: (name, attributes) => {
          this.simulator.trace(process.name, name, JSON.stringify(attributes));
          const { writer, id, channels } = attributes;
          if (name === 'document-missing') flow.onDropped(process, `${id}`);
          if (name === 'parked') flow.onParked(process, `${writer}`, `${id}`, `${channels}`.split(','));
        },
      },
    });
    const record = (replies: readonly ReplyMessage[]) => outbox.record(replies);
    this.replicas.set(slot, { slot, process, store, outbox, record });
    this.simulator.trace(process.name, 'start', JSON.stringify(clock));
    if (this.simulator.now < this.pausedUntil) process.pause(this.pausedUntil - this.simulator.now, true);
    outbox.start().then(
      () => {
        this.simulator.trace(process.name, 'ready', outbox.state().writer);
        broker.release();
      },
      (error: unknown) => {
        if (error instanceof UnsupportedStoreError)
          checker.report(0, `a supported store was rejected: ${error.message}`);
      },
    );
  }

  /** Starts a replica in every slot that has none, and replaces those that are leaving. */
  startAll(slots: number): void {
    for (let slot = 1; slot <= slots; slot++) {
      const process = this.replicas.get(slot)?.process;
      if (process !== undefined && this.leaving.has(process)) this.kill(slot);
      this.start(slot);
    }
  }

  kill(slot: number): void {
    const replica = this.replicas.get(slot);
    if (!replica?.process.alive) return;
    this.simulator.trace(replica.process.name, 'killed');
    replica.process.kill();
  }

  leave(slot: number): void {
    const replica = this.replicas.get(slot);
    if (!replica?.process.alive) return;
    const { process, outbox } = replica;
    this.leaving.add(process);
    process.deliver(0, () => {
      this.simulator.trace(process.name, 'leaving');
      void outbox.leave().then(() => {
        this.simulator.trace(process.name, 'left');
        process.kill();
      });
    });
    this.simulator.schedule(LEAVE_DEADLINE, () => process.kill());
  }

  /**
   * During a long pause of one process the others pause for most of it too, because the run would take minutes
   * otherwise.
   */
  pauseOthers(sleeper: Process, ms: number): void {
    if (ms < LONG_PAUSE) return;
    this.simulator.schedule(OTHERS_RUN_FOR, () => {
      if (!sleeper.alive || !sleeper.paused) return;
      this.pausedUntil = Math.max(this.pausedUntil, sleeper.resumesAt - OTHERS_RUN_FOR);
      for (const { process } of this.alive()) {
        if (process !== sleeper) process.pause(this.pausedUntil - this.simulator.now, true);
      }
    });
  }

  /** When the last pause of a live process ends. */
  resumedAt(): number {
    return Math.max(0, ...this.alive().map(({ process }) => process.resumesAt));
  }
}
