import { Expirations, type Revival } from './expirations.ts';
import { type Order, orderHandler, statusOf } from './order-handler.ts';
import { ReachabilityChecker } from './reachability.ts';
import type { Simulator } from './simulator.ts';
import type { AppliedStep, SimStore, WriteOrigin } from './store.ts';

/** Number of the promise in ../README.md, "What it promises". 0: other duties towards clients and the store. */
export type Invariant = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** The first violation of an invariant in a run. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  readonly at: number;
  /** The order that the violation is about, if there is one. */
  readonly id?: string;
}

interface KnownOrder {
  readonly nonce: string;
  readonly fingerprint: string;
  readonly createdAt: number;
  last: Order;
  acknowledged: boolean;
  /** Its transaction left no segment that a writer could find, and its process can no longer repeat the transaction. */
  excused: boolean;
  /** It was stored by a write that was requested for an earlier lifetime of its id, or that repeats its insertion. */
  readonly revived: boolean;
}

/** The rules for orders that have expired. */
export interface ExpiryRules {
  /** Erased orders are deleted, so a missing order is no violation; an order that is stored again still is. */
  readonly deletes?: boolean;
  /** A write may be applied after the order that it belongs to has expired. Default: that never happens. */
  readonly mayRevive?: boolean;
}

const NEXT: Readonly<Record<Order['status'], readonly Order['status'][]>> = {
  PENDING: ['PENDING', 'VALIDATED', 'REJECTED', 'EXPIRED'],
  VALIDATED: ['VALIDATED'],
  REJECTED: ['REJECTED'],
  EXPIRED: ['EXPIRED'],
};

/**
 * Checks invariants 1, 3 and 4 at every change, against the contents of the store and the results that clients
 * received. It shares no code with the outbox and keeps the first violation.
 */
export class InvariantChecker {
  violation: Violation | undefined;
  readonly reachability: ReachabilityChecker;
  private readonly simulator: Simulator;
  private readonly store: SimStore;
  private readonly retireAfter: number;
  private readonly rules: ExpiryRules;
  private readonly orders = new Map<string, KnownOrder>();
  readonly expirations: Expirations;
  /** Nonces of requests that were answered with the promise that nothing of them is stored. */
  private readonly absent = new Set<string>();

  constructor(simulator: Simulator, store: SimStore, retireAfter: number, rules: ExpiryRules = {}) {
    this.simulator = simulator;
    this.store = store;
    this.retireAfter = retireAfter;
    this.rules = rules;
    this.expirations = new Expirations(simulator, store.dialect, rules.mayRevive === true);
    this.reachability = new ReachabilityChecker(simulator, store);
  }

  report(invariant: Invariant, what: string, id?: string): void {
    if (this.violation !== undefined) return;
    this.simulator.trace('checker', 'VIOLATED', `invariant ${invariant}: ${what}`);
    this.violation = { invariant, what, at: this.simulator.now, ...(id === undefined ? {} : { id }) };
  }

  /** To be called after every change of the store. */
  applied(applied: AppliedStep): void {
    const fewer = this.reachability.update(applied);
    for (const key of applied.keys) if (key.startsWith('o:')) this.checkOrder(key.slice(2), applied);
    if (applied.transaction !== undefined) this.updateExcuses(applied.transaction);
    if (!fewer) return;
    for (const [id, seen] of this.orders) {
      if (seen.acknowledged && !this.isComplete(seen.last) && !this.reachability.isReachable(id)) {
        this.report(1, 'open and acknowledged, but no reserved segment of a registered writer names it any more', id);
      }
    }
  }

  /** A client received `created` or `existing` for its request, with `document`. */
  acknowledged(request: { id: string; fingerprint: string; nonce: string }, document: Order, created: boolean): void {
    const { id } = request;
    // The order may have expired on the way to its client.
    if (this.expirations.has(id, document.nonce)) return;
    const seen = this.orders.get(id);
    const stored = this.store.get(`o:${id}`)?.value as Order | undefined;
    if (seen === undefined || stored === undefined) {
      this.report(1, 'acknowledged, but not stored', id);
      return;
    }
    if (stored.fingerprint !== request.fingerprint && !stored.erased)
      this.report(4, 'acknowledged for another request', id);
    if (document.nonce !== seen.nonce) this.report(4, 'acknowledged with a document that is not the stored one', id);
    if (created && request.nonce !== seen.nonce) this.report(4, 'created twice', id);
    seen.acknowledged = true;
    seen.excused = false;
    if (!this.isComplete(seen.last) && !this.reachability.isReachable(id))
      this.report(1, 'acknowledged, but no segment names it', id);
  }

  /** A client received `different`: another request has this id. */
  different(request: { id: string; fingerprint: string }): void {
    const seen = this.orders.get(request.id);
    if (this.expirations.count(request.id) > 0) return;
    if (seen === undefined) {
      this.report(4, 'result `different`, but not stored', request.id);
      return;
    }
    if (seen.fingerprint === request.fingerprint) this.report(4, 'result `different` for an equal request', request.id);
  }

  /** A client received the promise that nothing of its request was stored. */
  notStored({ id, nonce }: { id: string; nonce: string }): void {
    this.absent.add(nonce);
    if (this.orders.get(id)?.nonce === nonce) this.report(0, 'result promised that it is not stored, but it is', id);
  }

  /** Whether a client received `created` or `existing` for this order. */
  isAcknowledged(id: string): boolean {
    return this.orders.get(id)?.acknowledged === true;
  }

  /** A client read an order through a replica. `promised`: whether the order was acknowledged when the read began. */
  wasRead(id: string, document: Order | undefined, promised: boolean): void {
    const isDeleted = (this.rules.deletes && this.orders.get(id)?.last.erased) || this.expirations.count(id) > 0;
    if (promised && document === undefined && !isDeleted) this.report(1, 'acknowledged, but not found', id);
  }

  /** To be called after a key has expired. Only a complete order may expire; then a request with its id is a new order. */
  keyExpired(key: string): void {
    const id = key.slice(2);
    const seen = this.orders.get(id);
    if (!key.startsWith('o:') || seen === undefined) return;
    this.simulator.trace('store', 'expires', id);
    if (!this.isComplete(seen.last) && !seen.revived) this.report(1, 'expired before it was complete', id);
    this.orders.delete(id);
    this.expirations.add(id, seen.nonce);
    this.reachability.expired(id);
  }

  /** Ids of complete orders that the store would keep for ever. An erased order keeps its tombstone on some stores. */
  keptForEver(): readonly string[] {
    return [...this.orders]
      .filter(([id, { last }]) => this.isComplete(last) && !last.erased && !this.store.expires(`o:${id}`))
      .map(([id]) => id);
  }

  /** Ids of all stored orders without a tombstone. */
  kept(): readonly string[] {
    return [...this.orders].filter(([, { last }]) => !last.erased).map(([id]) => id);
  }

  /** Ids of stored orders that are not complete, acknowledged or not. */
  open(): readonly string[] {
    return [...this.orders].filter(([, seen]) => !this.isComplete(seen.last)).map(([id]) => id);
  }

  /** No writer can find this order before it is read or requested again. */
  isExcused(id: string): boolean {
    const seen = this.orders.get(id);
    return (seen?.excused === true || seen?.revived === true) && !this.reachability.isReachable(id);
  }

  /** Whether the stored order was written by a write for an earlier lifetime of its id. */
  isRevived(id: string): boolean {
    return this.orders.get(id)?.revived === true;
  }

  ids(): readonly string[] {
    return [...this.orders.keys()];
  }

  last(id: string): Order | undefined {
    return this.orders.get(id)?.last;
  }

  private isComplete(order: Order): boolean {
    return orderHandler.pendingChannels(order).length === 0;
  }

  private checkOrder(id: string, { transaction, origin }: AppliedStep): void {
    const now = this.store.get(`o:${id}`)?.value as Order | undefined;
    const seen = this.orders.get(id);
    if (now === undefined) {
      this.deleted(id);
      return;
    }
    if (seen === undefined) {
      const revived = this.expirations.isRevived(id, now.nonce, origin);
      if (revived) this.revived(id, transaction === undefined ? 'restored' : 'inserted', origin);
      if (this.absent.has(now.nonce))
        this.report(0, 'result promised that it is not stored, but it was stored later', id);
      this.add(now, revived);
      return;
    }
    if (now.nonce !== seen.nonce && (seen.revived || this.expirations.has(id, now.nonce))) {
      this.revived(id, 'overwritten', origin);
      this.expirations.add(id, seen.nonce);
      this.add(now, true);
      return;
    }
    if (seen.revived) {
      seen.last = now;
      return;
    }
    const { last } = seen;
    if (now.nonce !== seen.nonce || now.fingerprint !== seen.fingerprint || now.createdAt !== seen.createdAt) {
      this.report(4, `another order took its place: nonce ${seen.nonce} became ${now.nonce}`, id);
    }
    if (last.erased && !now.erased) this.report(4, 'erased, but restored', id);
    if (!NEXT[last.status].includes(now.status)) this.report(3, `${last.status} became ${now.status}`, id);
    if (!now.erased) this.checkVerdicts(id, last, now);
    seen.last = now;
  }

  private deleted(id: string): void {
    const seen = this.orders.get(id);
    if (!this.rules.deletes || seen === undefined) {
      this.report(1, 'deleted', id);
      return;
    }
    seen.last = { ...seen.last, erased: true };
  }

  private add(order: Order, revived: boolean): void {
    const { id, nonce, fingerprint, createdAt } = order;
    const state = { last: order, acknowledged: false, excused: false, revived };
    this.orders.set(id, { nonce, fingerprint, createdAt, ...state });
  }

  private revived(id: string, kind: Revival['kind'], origin: WriteOrigin): void {
    const violation = this.expirations.revive(id, kind, origin);
    if (violation !== undefined) this.report(4, violation, id);
  }

  private checkVerdicts(id: string, last: Order, now: Order): void {
    for (const kind of ['consumer', 'details'] as const) {
      const before = last.verdicts[kind];
      const about = now.verdicts[kind]?.about ?? now.nonce;
      if (about !== now.nonce) this.report(3, `the ${kind} verdict is about an earlier order of this id`, id);
      if (before !== undefined && before.by !== now.verdicts[kind]?.by) {
        this.report(3, `the ${kind} verdict ${before.by} became ${now.verdicts[kind]?.by}`, id);
      }
    }
    if (now.status !== 'EXPIRED' && now.status !== statusOf(now.verdicts)) {
      this.report(3, `${now.status}, although its verdicts result in ${statusOf(now.verdicts)}`, id);
    }
    if ((now.announcedFor ?? now.nonce) !== now.nonce)
      this.report(3, 'the acknowledged announcement is about an earlier order of this id', id);
    if (last.announced && JSON.stringify(last.announced) !== JSON.stringify(now.announced)) {
      this.report(3, 'the acknowledged announcement changed', id);
    }
  }

  /** By now, an order that no reachable segment has ever named cannot be found. */
  private updateExcuses(transaction: NonNullable<AppliedStep['transaction']>): void {
    for (const { operation, took } of transaction) {
      const id = operation.key.slice(2);
      const seen = operation.op === 'insert' && took ? this.orders.get(id) : undefined;
      if (seen !== undefined) seen.excused = !this.reachability.wasReachable(id, 0.9 * this.retireAfter);
    }
  }
}
