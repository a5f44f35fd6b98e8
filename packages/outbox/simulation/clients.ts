import type { AcceptResult } from '../src/index.ts';
import type { Order } from './business.ts';
import type { Cluster, Replica } from './cluster.ts';
import type { Checker } from './invariants.ts';
import type { Rng } from './random.ts';
import type { SimStore } from './store.ts';
import type { World } from './world.ts';

export interface OrderPlan {
  readonly at: number;
  readonly id: string;
  /** How many requests with this key arrive at about the same time. */
  readonly copies: number;
  /** Another request under the same key, at about the same time. */
  readonly rival: boolean;
  /** How often a client that got no clear answer asks again. */
  readonly retries: number;
  /** The store's sidecar takes this for a bad request. */
  readonly poison: boolean;
  /** Until when, in milliseconds, the store fails whenever this order is to be inserted, and takes all others. */
  readonly stubbornUntil?: number;
  /** How long after its creation an order expires, if it does. */
  readonly expires?: number;
  /** When it is read, asked for again by its key, and erased, after its creation. */
  readonly readAfter?: number;
  readonly againAfter?: number;
  readonly eraseAfter?: number;
}

/** A client waits this long for an answer. */
const PATIENCE = 15_000;
const DEADLINE = 10_000;

/** People who order, ask again, look, and want to be forgotten. What they were told goes to the checker. */
export class Clients {
  /** Requests that got an answer, by outcome. */
  readonly outcomes = new Map<string, number>();
  private readonly world: World;
  private readonly rng: Rng;
  private readonly store: SimStore;
  private readonly cluster: Cluster;
  private readonly checker: Checker;
  private readonly deletes: boolean;
  private nonces = 0;

  constructor(world: World, rng: Rng, store: SimStore, cluster: Cluster, checker: Checker, deletes: boolean) {
    this.world = world;
    this.rng = rng;
    this.store = store;
    this.cluster = cluster;
    this.checker = checker;
    this.deletes = deletes;
  }

  plan(order: OrderPlan): void {
    const { at, copies, rival, readAfter, againAfter, eraseAfter } = order;
    const soon = () => at + this.rng.int(0, 50);
    for (let i = 0; i < copies; i++) this.world.schedule(soon(), () => this.order(order, order.retries));
    if (rival) this.world.schedule(soon(), () => this.order(order, 0, 'other'));
    if (againAfter !== undefined) this.world.schedule(at + againAfter, () => this.order(order, 0));
    if (readAfter !== undefined) this.world.schedule(at + readAfter, () => this.read(order.id));
    if (eraseAfter !== undefined) this.world.schedule(at + eraseAfter, () => this.erase(order.id));
  }

  /** Places an order in fair weather, at this replica: it has to be there afterwards. */
  expectAnswer(replica: Replica, id: string): void {
    const plan = { at: this.world.now, id, copies: 1, rival: false, retries: 0, poison: false };
    let answered = false;
    this.request(replica, plan, 'usual', (outcome) => {
      answered = true;
      if (['created', 'existing', 'different'].includes(outcome)) return;
      this.checker.report(0, `all is well, and an order is answered with ${outcome}`, id);
    });
    this.world.schedule(PATIENCE, () => {
      if (!answered && replica.process.alive) this.checker.report(0, 'all is well, and an order is not answered', id);
    });
  }

  read(id: string): void {
    const replica = this.someReplica();
    if (replica === undefined) return;
    replica.process.deliver(1, () => {
      const promised = this.checker.promised(id);
      replica.outbox.read(id).then(
        (document) => this.checker.found(id, document, promised),
        () => this.world.trace(replica.process.name, 'unreadable', id),
      );
    });
  }

  private order(plan: OrderPlan, retries: number, body: 'usual' | 'other' = 'usual'): void {
    let answered = false;
    const again = () => {
      if (answered) return;
      answered = true;
      if (retries > 0) this.world.schedule(this.rng.span(500, 30_000), () => this.order(plan, retries - 1, body));
    };
    const replica = this.someReplica();
    if (replica === undefined) {
      again();
      return;
    }
    this.world.schedule(PATIENCE, again);
    this.request(replica, plan, body, (outcome) => {
      if (['full', 'unsent', 'unknown'].includes(outcome)) again();
      else answered = true;
    });
  }

  private request(replica: Replica, plan: OrderPlan, body: 'usual' | 'other', answer: (outcome: string) => void): void {
    const { process, outbox } = replica;
    const request = { id: plan.id, fingerprint: `${plan.id} ${body}`, nonce: `n${++this.nonces}` };
    process.deliver(1, () => {
      const createdAt = process.clock.wall();
      const document: Order & { poison?: boolean; stubbornUntil?: number } = {
        ...request,
        createdAt,
        body,
        status: 'PENDING',
        answers: {},
        ...(plan.expires === undefined ? {} : { deadline: createdAt + plan.expires }),
        ...(plan.poison ? { poison: true } : {}),
        ...(plan.stubbornUntil === undefined ? {} : { stubbornUntil: plan.stubbornUntil }),
      };
      void outbox.store(document, DEADLINE).then((accepted) => {
        this.world.trace(process.name, 'answers', `${request.id} ${request.nonce} ${accepted.outcome}`);
        this.outcomes.set(accepted.outcome, (this.outcomes.get(accepted.outcome) ?? 0) + 1);
        this.judge(request, accepted);
        answer(accepted.outcome);
      });
    });
  }

  private judge(request: { id: string; fingerprint: string; nonce: string }, accepted: AcceptResult<Order>): void {
    const { outcome } = accepted;
    if (outcome === 'created' || outcome === 'existing') {
      this.checker.acknowledged(request, accepted.document, outcome === 'created');
    } else if (outcome === 'different') this.checker.refused(request);
    else if (outcome !== 'unknown') this.checker.turnedAway(request);
  }

  /** By a tombstone that keeps id and status, or, where the variant deletes, as it should not be done. */
  private erase(id: string): void {
    const replica = this.someReplica();
    if (replica === undefined) return;
    const key = `o:${id}`;
    replica.process.deliver(1, async () => {
      const stored = await replica.store.read([key]).then(
        (found) => found.get(key),
        () => undefined,
      );
      const order = stored?.value as Order | undefined;
      if (stored === undefined || order === undefined || order.announced === undefined || order.erased) return;
      this.world.trace(replica.process.name, 'erases', id);
      if (this.deletes) {
        this.store.delete(key);
        return;
      }
      const { nonce, fingerprint, createdAt, status } = order;
      const tombstone: Order = { id, nonce, fingerprint, createdAt, status, body: '', answers: {}, erased: true };
      await replica.store.write([{ key, value: tombstone, etag: stored.etag }]);
    });
  }

  private someReplica(): Replica | undefined {
    const alive = this.cluster.alive();
    return alive.length === 0 ? undefined : this.rng.pick(alive);
  }
}
