import type { StoreResult } from '../src/index.ts';
import type { Cluster, Replica } from './cluster.ts';
import type { InvariantChecker } from './invariant-checker.ts';
import type { Order } from './order-handler.ts';
import type { Rng } from './random.ts';
import type { Simulator } from './simulator.ts';
import type { SimStore } from './store.ts';

/** What clients do with one order. */
export interface OrderPlan {
  readonly at: number;
  readonly id: string;
  /** Number of requests with this key that arrive at about the same time. */
  readonly copies: number;
  /** Whether a different request with the same key arrives at about the same time. */
  readonly rival: boolean;
  /** How often a client retries without a clear result. */
  readonly retries: number;
  /** The store's sidecar refuses this document as invalid. */
  readonly invalid: boolean;
  /** Until this time, in milliseconds, the store fails every insertion of this order and accepts all others. */
  readonly rejectedUntil?: number;
  /** Time from its creation after which the order expires, if it does. */
  readonly expires?: number;
  /** Times from its creation after which the order is read, requested again by its key, and erased. */
  readonly readAfter?: number;
  readonly againAfter?: number;
  readonly eraseAfter?: number;
}

/** A client waits this long for a result. */
const CLIENT_TIMEOUT = 15_000;
const DEADLINE = 10_000;
/** An order is erased within this time after it was read. */
const ERASE_WITHIN = 30_000;

/** Clients that place orders, retry, read and erase them. Their results are passed to the invariant checker. */
export class Clients {
  /** Number of requests by outcome. */
  readonly outcomes = new Map<string, number>();
  private readonly simulator: Simulator;
  private readonly rng: Rng;
  private readonly store: SimStore;
  private readonly cluster: Cluster;
  private readonly checker: InvariantChecker;
  private readonly deletes: boolean;
  private nonces = 0;

  constructor(
    simulator: Simulator,
    rng: Rng,
    store: SimStore,
    cluster: Cluster,
    checker: InvariantChecker,
    deletes: boolean,
  ) {
    this.simulator = simulator;
    this.rng = rng;
    this.store = store;
    this.cluster = cluster;
    this.checker = checker;
    this.deletes = deletes;
  }

  plan(order: OrderPlan): void {
    const { at, copies, rival, readAfter, againAfter, eraseAfter } = order;
    const soon = () => at + this.rng.int(0, 50);
    for (let i = 0; i < copies; i++) this.simulator.schedule(soon(), () => this.order(order, order.retries));
    if (rival) this.simulator.schedule(soon(), () => this.order(order, 0, 'other'));
    if (againAfter !== undefined) this.simulator.schedule(at + againAfter, () => this.order(order, 0));
    if (readAfter !== undefined) this.simulator.schedule(at + readAfter, () => this.read(order.id));
    if (eraseAfter !== undefined) this.simulator.schedule(at + eraseAfter, () => this.erase(order.id));
  }

  /**
   * Places an order at this replica while there are no faults. The order must be stored. If the stored order of this id expires
   * between the collision and the read that explains it, the result may be `unknown`: then the next request must be stored.
   * `againUntil`: before this time, a request may join a batch that was sent during the faults. Then the next one must be stored.
   */
  expectStored(replica: Replica, id: string, againUntil = 0): void {
    const expirations = this.checker.expirations.count(id);
    const plan = { at: this.simulator.now, id, copies: 1, rival: false, retries: 0, invalid: false };
    let hasResult = false;
    this.request(replica, plan, 'usual', (outcome) => {
      hasResult = true;
      if (['created', 'existing', 'different'].includes(outcome)) return;
      if (['unknown', 'unwritable'].includes(outcome) && this.simulator.now < againUntil)
        this.simulator.schedule(1_000, () => this.expectStored(replica, id, againUntil));
      else if (outcome === 'unknown' && this.checker.expirations.count(id) > expirations)
        this.expectStored(replica, id);
      else this.checker.report(0, `there are no faults, but an order got the result ${outcome}`, id);
    });
    this.simulator.schedule(CLIENT_TIMEOUT, () => {
      if (!hasResult && replica.process.alive)
        this.checker.report(0, 'there are no faults, but an order got no result', id);
    });
  }

  read(id: string): void {
    const replica = this.someReplica();
    if (replica === undefined) return;
    replica.process.deliver(1, () => {
      const promised = this.checker.isAcknowledged(id);
      replica.outbox.read(id).then(
        (document) => this.checker.wasRead(id, document, promised),
        () => this.simulator.trace(replica.process.name, 'unreadable', id),
      );
    });
  }

  private order(plan: OrderPlan, retries: number, body: 'usual' | 'other' = 'usual'): void {
    let hasResult = false;
    const again = () => {
      if (hasResult) return;
      hasResult = true;
      if (retries > 0)
        this.simulator.schedule(this.rng.logUniform(500, 30_000), () => this.order(plan, retries - 1, body));
    };
    const replica = this.someReplica();
    if (replica === undefined) {
      again();
      return;
    }
    this.simulator.schedule(CLIENT_TIMEOUT, again);
    this.request(replica, plan, body, (outcome) => {
      if (['full', 'unwritable', 'unsent', 'unknown'].includes(outcome)) again();
      else hasResult = true;
    });
  }

  private request(
    replica: Replica,
    plan: OrderPlan,
    body: 'usual' | 'other',
    onResult: (outcome: string) => void,
  ): void {
    const { process, outbox } = replica;
    const request = { id: plan.id, fingerprint: `${plan.id} ${body}`, nonce: `n${++this.nonces}` };
    process.deliver(1, () => {
      const createdAt = process.clock.wall();
      const document: Order & { invalid?: boolean; rejectedUntil?: number } = {
        ...request,
        createdAt,
        body,
        status: 'PENDING',
        verdicts: {},
        ...(plan.expires === undefined ? {} : { deadline: createdAt + plan.expires }),
        ...(plan.invalid ? { invalid: true } : {}),
        ...(plan.rejectedUntil === undefined ? {} : { rejectedUntil: plan.rejectedUntil }),
      };
      void outbox.store(document, DEADLINE).then((accepted) => {
        this.simulator.trace(process.name, 'result', `${request.id} ${request.nonce} ${accepted.outcome}`);
        this.outcomes.set(accepted.outcome, (this.outcomes.get(accepted.outcome) ?? 0) + 1);
        this.check(request, accepted);
        onResult(accepted.outcome);
      });
    });
  }

  private check(request: { id: string; fingerprint: string; nonce: string }, accepted: StoreResult<Order>): void {
    const { outcome } = accepted;
    if (outcome === 'created' || outcome === 'existing') {
      this.checker.acknowledged(request, accepted.document, outcome === 'created');
    } else if (outcome === 'different') this.checker.different(request);
    else if (outcome !== 'unknown') this.checker.notStored(request);
  }

  /** Erases with a tombstone that keeps id and status, or by deleting the key in the broken variant. */
  private erase(id: string): void {
    const replica = this.someReplica();
    if (replica === undefined) return;
    const key = `o:${id}`;
    replica.process.deliver(1, async () => {
      const { clock } = replica.process;
      const readAt = clock.wall();
      const stored = await replica.store.read([key]).then(
        (found) => found.get(key),
        () => undefined,
      );
      const order = stored?.value as Order | undefined;
      // As the outbox does: a process that was paused since reads the order again, or leaves it.
      if (Math.abs(clock.wall() - readAt) > ERASE_WITHIN) return;
      if (stored === undefined || order === undefined || order.announced === undefined || order.erased) return;
      this.simulator.trace(replica.process.name, 'erases', id);
      if (this.deletes) {
        this.store.delete(key);
        return;
      }
      const { nonce, fingerprint, createdAt, status } = order;
      const tombstone: Order = { id, nonce, fingerprint, createdAt, status, body: '', verdicts: {}, erased: true };
      await replica.store.write([{ key, value: tombstone, etag: stored.etag }]);
    });
  }

  private someReplica(): Replica | undefined {
    const alive = this.cluster.alive();
    return alive.length === 0 ? undefined : this.rng.pick(alive);
  }
}
