import { DEFAULT_SETTINGS } from '../src/index.ts';
import { POLL_MAX_MS } from '../src/relay/in-flight-poller.ts';
import { PARK_AFTER_ATTEMPTS } from '../src/relay/parked.ts';
import { PROBE_MAX_MS, PROBE_MS } from '../src/relay/send-window.ts';
import { SimBroker } from './broker.ts';
import { minute, second } from './chaos.ts';
import { Clients } from './clients.ts';
import { type Build, Cluster, type Replica } from './cluster.ts';
import { enact } from './faults.ts';
import { Flow } from './flow.ts';
import { Checker, type Violation } from './invariants.ts';
import type { Sea } from './link.ts';
import { createRng } from './random.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { SimStore } from './store.ts';
import { clearUp, fairWeather } from './weather.ts';
import { World } from './world.ts';

export interface Verdict {
  readonly seed: number;
  readonly violation?: Violation;
  readonly digest: number;
  readonly events: number;
  readonly sends: number;
  /** Simulated milliseconds. */
  readonly lasted: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Readable, when asked for. */
  readonly lines: readonly string[];
}

/** A deliberately broken outbox, or the way it is used; nothing broken when empty. */
export interface Variant extends Partial<Build> {
  /** Erases by deleting, where a tombstone has to stay: a deleted key comes back to life by a late write. */
  readonly deletes?: boolean;
}

interface Options {
  readonly verbose?: boolean;
  readonly variant?: Variant;
  /** How many keys the store holds. */
  readonly capacity?: number;
}

/** Runs one seed to its verdict: chaos, then health, then what invariant 2 allows for everything to be done. */
export async function runSeed(seed: number, options: Options = {}): Promise<Verdict> {
  return runSchedule(createSchedule(seed), options);
}

export async function runSchedule(schedule: Schedule, options: Options = {}): Promise<Verdict> {
  const { verbose = false, variant = {}, capacity = Number.POSITIVE_INFINITY } = options;
  const run = new Run(schedule, verbose, variant);
  run.sea.store.capacity = capacity;
  await run.all();
  const { world, checker, flow, clients } = run;
  return {
    seed: schedule.seed,
    ...(checker.violation === undefined ? {} : { violation: checker.violation }),
    digest: world.digest,
    events: world.events,
    sends: flow.sends,
    lasted: world.now,
    outcomes: clients.outcomes,
    lines: world.lines,
  };
}

/** The parts of one run, and its three phases. */
export class Run {
  readonly world: World;
  readonly checker: Checker;
  readonly flow: Flow;
  readonly clients: Clients;
  readonly schedule: Schedule;
  private readonly settings: typeof DEFAULT_SETTINGS;
  readonly sea: Sea;
  readonly broker: SimBroker;
  readonly cluster: Cluster;

  constructor(schedule: Schedule, verbose: boolean, variant: Variant) {
    const rng = createRng(schedule.seed);
    const build: Build = { policies: {}, ...variant, settings: { ...schedule.settings, ...variant.settings } };
    this.schedule = schedule;
    // What is checked is what was asked for, whatever a variant makes of it.
    this.settings = { ...DEFAULT_SETTINGS, ...schedule.settings };
    this.world = new World(verbose);
    const store = new SimStore(this.world, rng.fork('store'), schedule.dialect);
    const weather = fairWeather();
    const { window, sharedEvidence, retireMs } = this.settings;
    this.checker = new Checker(this.world, store, retireMs, variant.deletes === true);
    this.flow = new Flow(this.world, this.checker, {
      window,
      probe: PROBE_MS,
      stuckAfter: PARK_AFTER_ATTEMPTS,
      sharedEvidence,
    });
    store.watch = (applied) => this.checker.applied(applied);
    store.onDeadlock = () => this.checker.report(0, 'two transactions deadlocked');
    this.sea = {
      world: this.world,
      store,
      weather,
      landsUntil: 0,
      onLearn: (process, found) => this.flow.onLearn(process, found),
    };
    this.broker = new SimBroker(this.world, rng.fork('broker'), weather, () => this.ready());
    this.broker.onSend = (process, batch) => this.flow.onSend(process, batch);
    this.cluster = new Cluster({
      sea: this.sea,
      rng,
      broker: this.broker,
      checker: this.checker,
      build,
      nature: schedule.nature,
    });
    this.clients = new Clients(
      this.world,
      rng.fork('clients'),
      store,
      this.cluster,
      this.checker,
      variant.deletes === true,
    );
  }

  async all(): Promise<void> {
    const { world, schedule, sea } = this;
    const { broker, cluster, flow } = this;
    world.trace(
      'schedule',
      schedule.dialect,
      JSON.stringify({ ...schedule, orders: schedule.orders.length, faults: undefined }),
    );
    cluster.complete(schedule.slots);
    for (const order of schedule.orders) this.clients.plan(order);
    const scene = { world, weather: sea.weather, broker, cluster, flow, healsAt: schedule.healsAt };
    for (const fault of schedule.faults) enact(scene, fault);
    await this.until(schedule.healsAt);
    clearUp(sea.weather);
    cluster.complete(schedule.slots);
    broker.release();
    world.trace('world', 'heals');
    await this.calm();
    world.trace('world', 'is calm', `${this.checker.open().length} orders open`);
    if (this.over()) return;
    await this.takesOrders();
    await this.settlesAll();
  }

  /** Nothing is asleep and nothing is on its way to the store any more: from here on invariant 2 counts. */
  private async calm(): Promise<void> {
    const calmAt = () => Math.max(this.cluster.awakeAt(), this.sea.landsUntil);
    // By the minute: one that sleeps may be killed before it wakes.
    while (!this.over() && calmAt() > this.world.now) await this.until(Math.min(calmAt(), this.world.now + minute));
  }

  /** Every replica gets ready and takes orders, also when others ask for the same ones, and when one of them exists. */
  private async takesOrders(): Promise<void> {
    await this.until(this.world.now + minute, () => this.ready().length === this.schedule.slots);
    const room = () => this.cluster.alive().every(({ outbox }) => outbox.stats().open < this.settings.maxOpen);
    await this.until(this.world.now + (room() ? 0 : this.bound()), room);
    const [known] = this.checker.ids();
    for (const { process, outbox } of this.cluster.alive()) {
      const reason = outbox.state().reason;
      if (!outbox.ready) this.checker.report(0, `all is well, and ${process.name} is not ready: ${reason}`);
    }
    for (const replica of this.ready()) {
      const shared = replica.slot % 2 === 0 ? ['z1', 'z2'] : ['z2', 'z1'];
      const ids = [`y${replica.slot}`, ...shared, ...(known === undefined ? [] : [known])];
      for (const id of ids) this.clients.expectAnswer(replica, id);
    }
    await this.until(this.world.now + 16 * second);
  }

  private async settlesAll(): Promise<void> {
    const found = () => this.checker.open().filter((id) => !this.checker.excused(id));
    await this.until(this.world.now + this.bound(), () => found().length === 0);
    const stuck = new Set(this.cluster.alive().flatMap(({ outbox }) => outbox.parked().map(({ id }) => id)));
    const lost = found().find((id) => !stuck.has(id));
    if (lost !== undefined) this.checker.report(2, `all is well, and it is not done, nor called stuck`, lost);
    await this.byHand(found(), (replica, id) => {
      this.flow.retriedByHand(id);
      replica.outbox.retry(id).catch(() => {});
    });
    // Nobody can know of these until somebody asks; a document must be old enough for that.
    await this.until(this.world.now + (this.excused().length > 0 ? this.settings.orphanAgeMs + minute : 0));
    await this.byHand(this.excused(), (_, id) => this.clients.read(id));
  }

  private async byHand(ids: readonly string[], act: (replica: Replica, id: string) => void): Promise<void> {
    if (ids.length === 0 || this.over()) return;
    for (const id of ids) {
      const replica = this.cluster.alive()[0] as Replica;
      replica.process.deliver(0, () => act(replica, id));
    }
    const open = () => this.checker.open().filter((id) => ids.includes(id));
    await this.until(this.world.now + this.bound(), () => open().length === 0);
    const [lost] = open();
    if (lost !== undefined) this.checker.report(2, 'put in line by hand, and it is not done', lost);
  }

  private excused(): readonly string[] {
    return this.checker.open().filter((id) => this.checker.excused(id));
  }

  /** t0 + Q/D + 2 x max(probe time, 90 s), and the next look at what a dead writer may have left behind. */
  private bound(): number {
    const { lanes, window, rescanAfterMs } = this.settings;
    const rounds = Math.ceil(this.checker.open().length / (lanes * window)) * 3;
    return (
      rounds * 1.5 * POLL_MAX_MS + 2 * Math.max(1.2 * PROBE_MAX_MS, 90 * second) + Math.max(...rescanAfterMs) + minute
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
    await this.world.run(time, () => this.over() || (this.world.events % 64 === 0 && enough()));
  }
}
