import { business, type Order, verdict } from './business.ts';
import { Naming } from './naming.ts';
import type { Applied, SimStore } from './store.ts';
import type { World } from './world.ts';

/** Number of the promise in ../README.md, "What it promises"; 0: what a healthy outbox owes its clients and its store besides. */
export type Invariant = 0 | 1 | 2 | 3 | 4 | 5 | 6;

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  readonly at: number;
  /** The order it is about, if it is about one. */
  readonly id?: string;
}

interface Seen {
  readonly nonce: string;
  readonly fingerprint: string;
  readonly createdAt: number;
  last: Order;
  acknowledged: boolean;
  /** Its transaction left no pointer that anyone could follow, and its process can no longer repeat it. */
  excused: boolean;
}

const NEXT: Readonly<Record<Order['status'], readonly Order['status'][]>> = {
  PENDING: ['PENDING', 'VALIDATED', 'REJECTED', 'EXPIRED'],
  VALIDATED: ['VALIDATED'],
  REJECTED: ['REJECTED'],
  EXPIRED: ['EXPIRED'],
};

/**
 * Holds what the store contains and what clients were told against invariants 1, 3 and 4, at every change. It shares no
 * code with the outbox and keeps the first violation.
 */
export class Checker {
  violation: Violation | undefined;
  readonly naming: Naming;
  private readonly world: World;
  private readonly store: SimStore;
  private readonly retireAfter: number;
  private readonly deletes: boolean;
  private readonly orders = new Map<string, Seen>();
  /** Nonces of requests that were answered with the promise that nothing of them is stored. */
  private readonly absent = new Set<string>();

  /** `deletes`: erased orders are deleted, so that a missing one is no finding; one that comes back still is. */
  constructor(world: World, store: SimStore, retireAfter: number, deletes: boolean) {
    this.world = world;
    this.store = store;
    this.retireAfter = retireAfter;
    this.deletes = deletes;
    this.naming = new Naming(world, store);
  }

  report(invariant: Invariant, what: string, id?: string): void {
    if (this.violation !== undefined) return;
    this.world.trace('checker', 'VIOLATED', `invariant ${invariant}: ${what}`);
    this.violation = { invariant, what, at: this.world.now, ...(id === undefined ? {} : { id }) };
  }

  /** To be told of every change of the store. */
  applied(applied: Applied): void {
    const fewer = this.naming.update(applied);
    for (const key of applied.keys) if (key.startsWith('o:')) this.order(key.slice(2));
    if (applied.transaction !== undefined) this.excuse(applied.transaction);
    if (!fewer) return;
    for (const [id, seen] of this.orders) {
      if (seen.acknowledged && !this.done(seen.last) && !this.naming.finds(id)) {
        this.report(1, 'open and acknowledged, and no reserved segment of a registered writer names it any more', id);
      }
    }
  }

  /** A client was told 2xx for its request: `document` is what it was given. */
  acknowledged(request: { id: string; fingerprint: string; nonce: string }, document: Order, created: boolean): void {
    const { id } = request;
    const seen = this.orders.get(id);
    const stored = this.store.get(`o:${id}`)?.value as Order | undefined;
    if (seen === undefined || stored === undefined) {
      this.report(1, 'acknowledged, and not in the store', id);
      return;
    }
    if (stored.fingerprint !== request.fingerprint && !stored.erased)
      this.report(4, 'acknowledged for another request', id);
    if (document.nonce !== seen.nonce) this.report(4, 'acknowledged with a document that is not the stored one', id);
    if (created && request.nonce !== seen.nonce) this.report(4, 'created twice', id);
    seen.acknowledged = true;
    seen.excused = false;
    if (!this.done(seen.last) && !this.naming.finds(id)) this.report(1, 'acknowledged, and no segment names it', id);
  }

  /** A client was told that another request has this id. */
  refused(request: { id: string; fingerprint: string }): void {
    const seen = this.orders.get(request.id);
    if (seen === undefined) {
      this.report(4, 'called different, and not in the store', request.id);
      return;
    }
    if (seen.fingerprint === request.fingerprint) this.report(4, 'called different from an equal request', request.id);
  }

  /** A client was told that nothing of its request was stored. */
  turnedAway({ id, nonce }: { id: string; nonce: string }): void {
    this.absent.add(nonce);
    if (this.orders.get(id)?.nonce === nonce) this.report(0, 'called not stored, and it is', id);
  }

  /** Somebody was told 2xx for it. */
  promised(id: string): boolean {
    return this.orders.get(id)?.acknowledged === true;
  }

  /** A client read an order through a replica; `promised` when it began to. */
  found(id: string, document: Order | undefined, promised: boolean): void {
    const gone = this.deletes && this.orders.get(id)?.last.erased;
    if (promised && document === undefined && !gone) this.report(1, 'acknowledged, and not found', id);
  }

  /** Orders in the store that are not done: acknowledged or not. */
  open(): readonly string[] {
    return [...this.orders].filter(([, seen]) => !this.done(seen.last)).map(([id]) => id);
  }

  /** Nobody can know of it before it is read or asked for again. */
  excused(id: string): boolean {
    return this.orders.get(id)?.excused === true && !this.naming.finds(id);
  }

  ids(): readonly string[] {
    return [...this.orders.keys()];
  }

  last(id: string): Order | undefined {
    return this.orders.get(id)?.last;
  }

  private done(order: Order): boolean {
    return business.pendingChannels(order).length === 0;
  }

  private order(id: string): void {
    const now = this.store.get(`o:${id}`)?.value as Order | undefined;
    const seen = this.orders.get(id);
    if (now === undefined) {
      this.deleted(id);
      return;
    }
    if (seen === undefined) {
      const { nonce, fingerprint, createdAt } = now;
      if (this.absent.has(nonce)) this.report(0, 'called not stored, and then it was', id);
      this.orders.set(id, { nonce, fingerprint, createdAt, last: now, acknowledged: false, excused: false });
      return;
    }
    const { last } = seen;
    if (now.nonce !== seen.nonce || now.fingerprint !== seen.fingerprint || now.createdAt !== seen.createdAt) {
      this.report(4, `another order took its place: nonce ${seen.nonce} became ${now.nonce}`, id);
    }
    if (last.erased && !now.erased) this.report(4, 'erased, and there again', id);
    if (!NEXT[last.status].includes(now.status)) this.report(3, `${last.status} became ${now.status}`, id);
    if (!now.erased) this.answers(id, last, now);
    seen.last = now;
  }

  private deleted(id: string): void {
    const seen = this.orders.get(id);
    if (!this.deletes || seen === undefined) {
      this.report(1, 'deleted', id);
      return;
    }
    seen.last = { ...seen.last, erased: true };
  }

  private answers(id: string, last: Order, now: Order): void {
    for (const kind of ['consumer', 'details'] as const) {
      const before = last.answers[kind];
      if (before !== undefined && before.by !== now.answers[kind]?.by) {
        this.report(3, `the ${kind} answer ${before.by} became ${now.answers[kind]?.by}`, id);
      }
    }
    if (now.status !== 'EXPIRED' && now.status !== verdict(now.answers)) {
      this.report(3, `${now.status}, although its answers say ${verdict(now.answers)}`, id);
    }
    if (last.announced && JSON.stringify(last.announced) !== JSON.stringify(now.announced)) {
      this.report(3, 'the acknowledged announcement changed', id);
    }
  }

  /** An order that no segment has ever named where anybody would look cannot be known of, by this time. */
  private excuse(transaction: NonNullable<Applied['transaction']>): void {
    for (const { operation, took } of transaction) {
      const id = operation.key.slice(2);
      const seen = operation.op === 'insert' && took ? this.orders.get(id) : undefined;
      if (seen !== undefined) seen.excused = !this.naming.wasNamed(id, 0.9 * this.retireAfter);
    }
  }
}
