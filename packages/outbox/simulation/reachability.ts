import type { Simulator } from './simulator.ts';
import type { AppliedStep, SimStore } from './store.ts';

/** A writer without a heartbeat for this long is taken over. */
const DEAD_AFTER = 10_000;

/** Which writers' segments name which order, derived from the changes of the store alone. */
export class ReachabilityChecker {
  private readonly simulator: Simulator;
  private readonly store: SimStore;
  private readonly beats = new Map<string, number>();
  private readonly segments = new Map<string, readonly string[]>();
  /** Every segment that ever named an order, until it expired. */
  private readonly history = new Map<string, Set<string>>();
  private readonly named = new Map<string, Set<string>>();
  private readonly writers = new Map<string, { readonly lo: number; readonly limit: number; readonly left: boolean }>();
  private registry = new Set<string>();

  constructor(simulator: Simulator, store: SimStore) {
    this.simulator = simulator;
    this.store = store;
  }

  /** Applies a change. Returns whether an order may have lost its last segment. */
  update(applied: AppliedStep): boolean {
    let fewer = false;
    for (const key of applied.keys) {
      if (key.startsWith('s:')) fewer = this.updateSegment(key) || fewer;
      else if (key.startsWith('w:')) fewer = this.updateWriter(key) || fewer;
      else if (key === 'writers') fewer = this.updateRegistry() || fewer;
    }
    return fewer;
  }

  /** At least one segment in a reserved range of a registered writer names this order. */
  isReachable(id: string): boolean {
    return this.writersOf(id).length > 0;
  }

  /** The registered writers whose reserved segments name this order. */
  writersOf(id: string): readonly string[] {
    return [...(this.named.get(id) ?? [])].flatMap((key) => {
      const { w, n } = split(key);
      const writer = this.writers.get(w);
      const reserved = writer !== undefined && writer.lo <= n && n < writer.limit;
      return reserved && this.registry.has(w) ? [w] : [];
    });
  }

  /** Whether `w` may process this order: its own segment names the order, or a segment of a stopped writer does. */
  mayProcess(id: string, w: string): boolean {
    const silent = (other: string) =>
      this.writers.get(other)?.left === true || this.simulator.now - (this.beats.get(other) ?? 0) > DEAD_AFTER;
    return this.writersOf(id).some((other) => other === w || silent(other));
  }

  /**
   * A segment of a registered writer, which has had a heartbeat within this time, has named the order. Whether the
   * writer still reserves that number does not matter: while a transaction may be applied, its number must be one that
   * is scanned.
   */
  wasReachable(id: string, silentFor: number): boolean {
    return [...(this.history.get(id) ?? [])].some((key) => {
      const { w } = split(key);
      const beatAt = this.beats.get(w) ?? Number.NEGATIVE_INFINITY;
      return this.registry.has(w) && this.simulator.now - beatAt <= silentFor;
    });
  }

  /** The order has expired. Of the segments that named it, those that are still stored may name the next order of its id. */
  expired(id: string): void {
    this.history.set(id, new Set(this.named.get(id)));
  }

  private updateSegment(key: string): boolean {
    const before = this.segments.get(key) ?? [];
    const now = (this.store.get(key)?.value as { ids: string[] } | undefined)?.ids ?? [];
    for (const id of before) this.named.get(id)?.delete(key);
    for (const id of now) {
      const keys = this.named.get(id) ?? new Set();
      this.named.set(id, keys.add(key));
      this.history.set(id, new Set(this.history.get(id)).add(key));
    }
    if (now.length > 0) this.segments.set(key, now);
    else this.segments.delete(key);
    return before.some((id) => !now.includes(id));
  }

  private updateWriter(key: string): boolean {
    const w = key.slice(2);
    this.beats.set(w, this.simulator.now);
    const before = this.writers.get(w);
    const now = this.store.get(key)?.value as { lo: number; limit: number; left?: boolean } | undefined;
    if (now === undefined) return this.writers.delete(w);
    this.writers.set(w, { lo: now.lo, limit: now.limit, left: now.left === true });
    return before !== undefined && (now.lo > before.lo || now.limit < before.limit);
  }

  private updateRegistry(): boolean {
    const before = this.registry;
    this.registry = new Set((this.store.get('writers')?.value as { writers: string[] } | undefined)?.writers ?? []);
    return [...before].some((w) => !this.registry.has(w));
  }
}

function split(key: string): { w: string; n: number } {
  const [, w = '', n = ''] = key.split(':');
  return { w, n: Number(n) };
}
