import { COMMIT_BACKOFF_MAX_MS } from '../src/commit/commit-attempt.ts';
import { DEFAULT_SETTINGS } from '../src/index.ts';
import { CHANNEL_PROBE_MS } from '../src/relay/channel.ts';
import { POLL_MAX_MS } from '../src/relay/in-flight-poller.ts';
import { PROBE_MAX_MS } from '../src/relay/send-window.ts';
import { MINUTE, SECOND } from '../src/util/time.ts';
import { SimBroker } from './broker.ts';
import { Clients } from './clients.ts';
import { Cluster, type OutboxBuild, type Replica } from './cluster.ts';
import { inject } from './fault-injection.ts';
import { healAll, noFaults } from './fault-rates.ts';
import type { StoreEnvironment } from './faulty-store.ts';
import { FlowChecker } from './flow-checker.ts';
import { InvariantChecker, type Violation } from './invariant-checker.ts';
import { createRng } from './random.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { Simulator } from './simulator.ts';
import { SimStore } from './store.ts';

/** The result of one run. */
export interface RunResult {
  readonly seed: number;
  readonly violation?: Violation;
  readonly digest: number;
  readonly events: number;
  readonly sends: number;
  /** Simulated milliseconds. */
  readonly duration: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Trace lines, when requested. */
  readonly lines: readonly string[];
}

/** A deliberately broken outbox, or a broken use of it. An empty variant is the correct outbox. */
export interface Variant extends Partial<OutboxBuild> {
  /** Erases orders by deletion, where a tombstone has to stay: a late write restores a deleted key. */
  readonly deletes?: boolean;
}

/** A longer retention is not waited for at the end of a run. */
const LONGEST_EXPIRY = 5 * MINUTE;
/** A request to the store that was sent during a fault gets its result within this time. */
const STORE_TIMEOUT = 3 * SECOND;

interface Options {
  readonly verbose?: boolean;
  readonly variant?: Variant;
  /** How many keys the store holds. */
  readonly capacity?: number;
}

/** Runs one seed: faults, then recovery, then the time in which invariant 2 demands that every order is complete. */
export async function runSeed(seed: number, options: Options = {}): Promise<RunResult> {
  return runSchedule(createSchedule(seed), options);
}

/** Runs a given schedule. */
export async function runSchedule(schedule: Schedule, options: Options = {}): Promise<RunResult> {
  const { verbose = false, variant = {}, capacity = Number.POSITIVE_INFINITY } = options;
  const run = new SimulationRun(schedule, verbose, variant);
  run.environment.store.capacity = capacity;
  await run.execute();
  const { simulator, checker, flow, clients } = run;
  return {
    seed: schedule.seed,
    ...(checker.violation === undefined ? {} : { violation: checker.violation }),
    digest: simulator.digest,
    events: simulator.events,
    sends: flow.sends,
    duration: simulator.now,
    outcomes: clients.outcomes,
    lines: simulator.lines,
  };
}

/** The objects of one run, and its three phases. */
export class SimulationRun {
  readonly simulator: Simulator;
  readonly checker: InvariantChecker;
  readonly flow: FlowChecker;
  readonly clients: Clients;
  readonly schedule: Schedule;
  private readonly settings: typeof DEFAULT_SETTINGS;
  readonly environment: StoreEnvironment;
  readonly broker: SimBroker;
  readonly cluster: Cluster;

  constructor(schedule: Schedule, verbose: boolean, variant: Variant) {
    const rng = createRng(schedule.seed);
    const build: OutboxBuild = { policies: {}, ...variant, settings: { ...schedule.settings, ...variant.settings } };
    this.schedule = schedule;
    // The checkers use the requested settings, even if a variant changes them.
    this.settings = { ...DEFAULT_SETTINGS, ...schedule.settings };
    this.simulator = new Simulator(verbose);
    const store = new SimStore(this.simulator, rng.fork('store'), schedule.dialect);
    const rates = noFaults();
    const { window, sharedEvidence, retireMs } = this.settings;
    this.checker = new InvariantChecker(this.simulator, store, retireMs, {
      deletes: variant.deletes === true,
      mayRevive: schedule.mayRevive === true,
    });
    this.flow = new FlowChecker(this.simulator, this.checker, {
      window,
      probe: CHANNEL_PROBE_MS,
      sharedEvidence,
    });
    store.onApplied = (applied) => this.checker.applied(applied);
    store.onExpired = (key) => this.checker.keyExpired(key);
    store.onDeadlock = () => this.checker.report(0, 'two transactions deadlocked');
    this.environment = {
      simulator: this.simulator,
      store,
      rates,
      writesUntil: 0,
      onKnown: (process, found) => this.flow.onKnown(process, found),
    };
    this.broker = new SimBroker(this.simulator, rng.fork('broker'), rates, schedule.batching, () => this.ready());
    this.broker.onSend = (process, batch) => this.flow.onSend(process, batch);
    this.cluster = new Cluster({
      environment: this.environment,
      rng,
      broker: this.broker,
      checker: this.checker,
      flow: this.flow,
      build,
      retentionSeconds: schedule.retentionSeconds,
      profiles: schedule.profiles,
    });
    this.clients = new Clients(
      this.simulator,
      rng.fork('clients'),
      store,
      this.cluster,
      this.checker,
      variant.deletes === true,
    );
  }

  /** Runs all phases, and checks every invariant. */
  async execute(): Promise<void> {
    await this.untilHealed();
    await this.waitUntilCalm();
    this.simulator.trace('simulator', 'is calm', `${this.checker.open().length} orders open`);
    if (this.over()) return;
    await this.checkAcceptance();
    await this.checkCompletion();
    await this.checkExpiry();
  }

  /** The first phase: starts the replicas and the clients, and injects the faults until the moment at which they end. */
  async untilHealed(): Promise<void> {
    const { simulator, schedule, environment } = this;
    const { broker, cluster, flow } = this;
    simulator.trace(
      'schedule',
      schedule.dialect,
      JSON.stringify({ ...schedule, orders: schedule.orders.length, faults: undefined }),
    );
    cluster.startAll(schedule.slots);
    for (const order of schedule.orders) this.clients.plan(order);
    const targets = { simulator, rates: environment.rates, broker, cluster, flow, healsAt: schedule.healsAt };
    for (const fault of schedule.faults) inject(targets, fault);
    await this.until(schedule.healsAt);
    healAll(environment.rates);
    cluster.startAll(schedule.slots);
    broker.release();
    simulator.trace('simulator', 'faults end');
  }

  /** No process is paused and no write is in flight: from here on invariant 2 counts. */
  private async waitUntilCalm(): Promise<void> {
    const calmAt = () => Math.max(this.cluster.resumedAt(), this.environment.writesUntil);
    // In steps of a minute, because a paused process may be killed before it resumes.
    while (!this.over() && calmAt() > this.simulator.now)
      await this.until(Math.min(calmAt(), this.simulator.now + MINUTE));
  }

  /** Every replica becomes ready and stores orders, including the same orders as other replicas and one that exists. */
  private async checkAcceptance(): Promise<void> {
    await this.until(this.simulator.now + MINUTE, () => this.ready().length === this.schedule.slots);
    // A replica detects that the store accepts writes again when it sends its current batch again.
    const acceptWrites = () => this.cluster.alive().every(({ outbox }) => !outbox.state().refusesWrites);
    await this.until(this.simulator.now + STORE_TIMEOUT + COMMIT_BACKOFF_MAX_MS + SECOND, acceptWrites);
    const room = () => this.cluster.alive().every(({ outbox }) => outbox.stats().open < this.settings.maxOpen);
    await this.until(this.simulator.now + (room() ? 0 : this.bound()), room);
    const [known] = this.checker.ids();
    const againUntil = this.schedule.mayRevive ? this.simulator.now + 12 * SECOND : 0;
    for (const { process, outbox } of this.cluster.alive()) {
      const reason = outbox.state().reason;
      if (!outbox.ready) this.checker.report(0, `there are no faults, but ${process.name} is not ready: ${reason}`);
    }
    for (const replica of this.ready()) {
      const shared = replica.slot % 2 === 0 ? ['z1', 'z2'] : ['z2', 'z1'];
      const ids = [`y${replica.slot}`, ...shared, ...(known === undefined ? [] : [known])];
      for (const id of ids) this.clients.expectStored(replica, id, againUntil);
    }
    await this.until(Math.max(this.simulator.now, againUntil) + 16 * SECOND);
  }

  private async checkCompletion(): Promise<void> {
    const found = () => this.checker.open().filter((id) => !this.checker.isExcused(id));
    await this.until(this.simulator.now + this.bound(), () => found().length === 0);
    const stuck = new Set(this.cluster.alive().flatMap(({ outbox }) => outbox.parked().map(({ id }) => id)));
    const lost = found().find((id) => !stuck.has(id));
    if (lost !== undefined) this.checker.report(2, 'there are no faults, but it is neither complete nor parked', lost);
    await this.byHand(found(), (replica, id) => {
      this.flow.retriedByHand(id);
      replica.outbox.retry(id).catch(() => {});
    });
    // These orders cannot be found before they are read, and a document must have a minimum age for that.
    await this.until(this.simulator.now + (this.excused().length > 0 ? this.settings.orphanAgeMs + MINUTE : 0));
    await this.byHand(this.excused(), (_, id) => this.clients.read(id));
  }

  /** Every complete order expires, and no write restores it. Waits for the expiry only if that takes minutes. */
  private async checkExpiry(): Promise<void> {
    const { retentionSeconds } = this.schedule;
    if (retentionSeconds === undefined || this.over()) return;
    const [kept] = this.checker.keptForEver();
    if (kept !== undefined) this.checker.report(0, 'complete, but kept for ever', kept);
    if (1000 * retentionSeconds >= LONGEST_EXPIRY) return;
    // Clients may still place orders, which become complete first.
    const latest = this.simulator.now + this.bound() + 1000 * retentionSeconds;
    await this.until(latest, () => this.checker.kept().length === 0);
    const [left] = this.checker.kept();
    if (left !== undefined) this.checker.report(0, 'complete, but not expired', left);
  }

  private async byHand(ids: readonly string[], act: (replica: Replica, id: string) => void): Promise<void> {
    if (ids.length === 0 || this.over()) return;
    for (const id of ids) {
      const replica = this.cluster.alive()[0] as Replica;
      replica.process.deliver(0, () => act(replica, id));
    }
    const open = () => this.checker.open().filter((id) => ids.includes(id));
    await this.until(this.simulator.now + this.bound(), () => open().length === 0);
    const [lost] = open();
    if (lost !== undefined) this.checker.report(2, 'retried or read, but not complete', lost);
  }

  private excused(): readonly string[] {
    return this.checker.open().filter((id) => this.checker.isExcused(id));
  }

  /** t0 + Q/D + 2 x max(probe time, 90 s), and the next scan of a stopped writer. */
  private bound(): number {
    const { lanes, window, rescanAfterMs } = this.settings;
    const rounds = Math.ceil(this.checker.open().length / (lanes * window)) * 3;
    return (
      rounds * 1.5 * POLL_MAX_MS + 2 * Math.max(1.2 * PROBE_MAX_MS, 90 * SECOND) + Math.max(...rescanAfterMs) + MINUTE
    );
  }

  private ready(): readonly Replica[] {
    return this.cluster.alive().filter(({ outbox }) => outbox.ready);
  }

  private over(): boolean {
    return this.checker.violation !== undefined;
  }

  private async until(time: number, enough: () => boolean = () => false): Promise<void> {
    if (this.over()) return;
    await this.simulator.run(time, () => this.over() || (this.simulator.events % 64 === 0 && enough()));
  }
}
