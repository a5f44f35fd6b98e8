import {
  createOutbox,
  type Outbox,
  type Policies,
  type Settings,
  type Store,
  UnsupportedStoreError,
} from '../src/index.ts';
import type { Handler, Reply, SimBroker } from './broker.ts';
import { type Answer, business, type Order } from './business.ts';
import type { Checker } from './invariants.ts';
import { createLink, type Sea } from './link.ts';
import { type ClockFault, type PauseAt, Process } from './process.ts';
import type { Rng } from './random.ts';
import type { World } from './world.ts';

/** What a variant may change of the outbox and of the ports that it is given. */
export interface Build {
  readonly settings: Partial<Settings>;
  readonly policies: Partial<Policies>;
  readonly wrapStore?: (store: Store, process: Process) => Store;
}

/** One running outbox in its process. */
export interface Replica extends Handler {
  readonly slot: number;
  readonly process: Process;
  readonly store: Store;
  readonly outbox: Outbox<Order, Answer>;
}

export interface ClusterOptions {
  readonly sea: Sea;
  readonly rng: Rng;
  readonly broker: SimBroker;
  readonly checker: Checker;
  readonly build: Build;
  /** Clocks and pauses of the n-th process that is started. */
  readonly nature: (n: number) => { readonly clock: ClockFault; readonly pauses: readonly PauseAt[] };
}

/** A leaving process is killed after this long. */
const LEAVE_DEADLINE = 30_000;
const NIGHT = 2 * 60 * 60_000;
const AWAKE = 15 * 60_000;

/** Replicas that come and go; a slot holds one at a time. */
export class Cluster {
  readonly replicas = new Map<number, Replica>();
  private readonly options: ClusterOptions;
  private readonly world: World;
  private readonly leaving = new Set<Process>();
  private started = 0;
  /** Until then whoever is started sleeps, too. */
  private morning = 0;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.world = options.sea.world;
  }

  /** Those that a load balancer would choose from. */
  alive(): readonly Replica[] {
    return [...this.replicas.values()].filter(({ process }) => process.alive);
  }

  start(slot: number): void {
    if (this.replicas.get(slot)?.process.alive) return;
    const { sea, rng, broker, checker, build, nature } = this.options;
    const n = ++this.started;
    const own = rng.fork(`process ${n}`);
    const { clock, pauses } = nature(n);
    const process = new Process(this.world, own, `order-${slot}.${n}`, clock, pauses);
    process.onHeld = (ms) => {
      if (process.alive) this.sleep(process, ms);
      else this.world.schedule(ms, () => this.start(slot));
    };
    const link = createLink(sea, process, own.fork('link'));
    const store = build.wrapStore?.(link, process) ?? link;
    const outbox = createOutbox<Order, Answer>({
      clock: process.clock,
      random: own.fork('outbox').next,
      store,
      transport: broker.transport(process),
      handler: business,
      settings: build.settings,
      policies: build.policies,
      observer: {
        event: (name, attributes) => this.world.trace(process.name, name, JSON.stringify(attributes)),
      },
    });
    const record = (replies: readonly Reply[]) => outbox.record(replies);
    this.replicas.set(slot, { slot, process, store, outbox, record });
    this.world.trace(process.name, 'start', JSON.stringify(clock));
    if (this.world.now < this.morning) process.pause(this.morning - this.world.now, true);
    outbox.start().then(
      () => {
        this.world.trace(process.name, 'ready', outbox.state().writer);
        broker.release();
      },
      (error: unknown) => {
        if (error instanceof UnsupportedStoreError) checker.report(0, `a fit store was refused: ${error.message}`);
      },
    );
  }

  /** Every slot has a replica that means to stay. */
  complete(slots: number): void {
    for (let slot = 1; slot <= slots; slot++) {
      const process = this.replicas.get(slot)?.process;
      if (process !== undefined && this.leaving.has(process)) this.kill(slot);
      this.start(slot);
    }
  }

  kill(slot: number): void {
    const replica = this.replicas.get(slot);
    if (!replica?.process.alive) return;
    this.world.trace(replica.process.name, 'killed');
    replica.process.kill();
  }

  leave(slot: number): void {
    const replica = this.replicas.get(slot);
    if (!replica?.process.alive) return;
    const { process, outbox } = replica;
    this.leaving.add(process);
    process.deliver(0, () => {
      this.world.trace(process.name, 'leaving');
      void outbox.leave().then(() => {
        this.world.trace(process.name, 'left');
        process.kill();
      });
    });
    this.world.schedule(LEAVE_DEADLINE, () => process.kill());
  }

  /** While one sleeps for a night the others sleep through most of it too, or the run would cost minutes. */
  sleep(sleeper: Process, ms: number): void {
    if (ms < NIGHT) return;
    this.world.schedule(AWAKE, () => {
      if (!sleeper.alive || !sleeper.paused) return;
      this.morning = Math.max(this.morning, sleeper.lastPause - AWAKE);
      for (const { process } of this.alive()) {
        if (process !== sleeper) process.pause(this.morning - this.world.now, true);
      }
    });
  }

  /** When the last of those alive has woken. */
  awakeAt(): number {
    return Math.max(0, ...this.alive().map(({ process }) => process.lastPause));
  }
}
