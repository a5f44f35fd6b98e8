import type { Simulator } from './simulator.ts';
import type { Dialect, WriteOrigin } from './store.ts';

/** A write that was applied after the order that it belongs to had expired. */
export interface Revival {
  readonly id: string;
  /** inserted: by a transaction. restored: by a compare-and-set on a missing key. overwritten: in place of a later order. */
  readonly kind: 'inserted' | 'restored' | 'overwritten';
  /** Milliseconds from the expiry to the moment at which a process requested the write. Negative if that was before. */
  readonly requestedAfter: number;
}

/** A process writes an order at most this long after it has read it: 30 s on a clock that is 1 % slow. */
export const LATEST_WRITE_MS = 30_500;

/** The orders that have expired, and the writes that revived them. */
export class Expirations {
  readonly revivals: Revival[] = [];
  private readonly simulator: Simulator;
  private readonly dialect: Dialect;
  private readonly mayRevive: boolean;
  /** When each order has expired, by id and nonce. */
  private readonly expired = new Map<string, Map<string, number>>();

  /** `mayRevive`: a write may be applied after the order that it belongs to has expired. Otherwise that is a violation. */
  constructor(simulator: Simulator, dialect: Dialect, mayRevive: boolean) {
    this.simulator = simulator;
    this.dialect = dialect;
    this.mayRevive = mayRevive;
  }

  /** The order has expired, or a revived order has taken its place. */
  add(id: string, nonce: string): void {
    this.expired.set(id, new Map(this.expired.get(id)).set(nonce, this.simulator.now));
  }

  /** How many orders of this id have expired. */
  count(id: string): number {
    return this.expired.get(id)?.size ?? 0;
  }

  has(id: string, nonce: string): boolean {
    return this.expired.get(id)?.has(nonce) === true;
  }

  /** Whether a write stores an order that has expired, or repeats an insertion that an order found, which has expired since. */
  isRevived(id: string, nonce: string, { isLate, requestedAt }: WriteOrigin): boolean {
    return this.has(id, nonce) || (isLate && requestedAt < this.latest(id));
  }

  /** Notes a revival. Returns why it must not occur. */
  revive(id: string, kind: Revival['kind'], { requestedAt }: WriteOrigin): string | undefined {
    if (!this.mayRevive || (this.dialect === 'postgresql' && kind !== 'inserted')) return `expired, but ${kind}`;
    const requestedAfter = Math.round(requestedAt - this.latest(id));
    this.simulator.trace('checker', kind, `${id}, requested ${requestedAfter} ms after it had expired`);
    this.revivals.push({ id, kind, requestedAfter });
    if (kind === 'inserted' || requestedAfter <= LATEST_WRITE_MS) return undefined;
    return `expired, but ${kind} by a write requested ${requestedAfter} ms later`;
  }

  private latest(id: string): number {
    return Math.max(...(this.expired.get(id)?.values() ?? []), Number.NEGATIVE_INFINITY);
  }
}
