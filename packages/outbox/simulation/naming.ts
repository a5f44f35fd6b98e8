import type { Applied, SimStore } from './store.ts';
import type { World } from './world.ts';

/** Without a beat for this long a writer is taken over. */
const SILENT = 10_000;

/** Who names which order, kept from the store's changes alone. */
export class Naming {
  private readonly world: World;
  private readonly store: SimStore;
  private readonly beats = new Map<string, number>();
  private readonly segments = new Map<string, readonly string[]>();
  /** Every segment that ever named an order. */
  private readonly history = new Map<string, Set<string>>();
  private readonly named = new Map<string, Set<string>>();
  private readonly writers = new Map<string, { readonly lo: number; readonly limit: number; readonly left: boolean }>();
  private directory = new Set<string>();

  constructor(world: World, store: SimStore) {
    this.world = world;
    this.store = store;
  }

  /** Takes in a change; true when an order may have lost its last pointer. */
  update(applied: Applied): boolean {
    let fewer = false;
    for (const key of applied.keys) {
      if (key.startsWith('s:')) fewer = this.segment(key) || fewer;
      else if (key.startsWith('w:')) fewer = this.writer(key) || fewer;
      else if (key === 'writers') fewer = this.names() || fewer;
    }
    return fewer;
  }

  /** At least one segment in a reserved range of a registered writer names this order. */
  finds(id: string): boolean {
    return this.by(id).length > 0;
  }

  /** The registered writers whose reserved segments name this order. */
  by(id: string): readonly string[] {
    return [...(this.named.get(id) ?? [])].flatMap((key) => {
      const { w, n } = split(key);
      const writer = this.writers.get(w);
      const reserved = writer !== undefined && writer.lo <= n && n < writer.limit;
      return reserved && this.directory.has(w) ? [w] : [];
    });
  }

  /** Whether `w` may have this order in its windows: it names the order itself, or another one does that has fallen silent. */
  mayRelay(id: string, w: string): boolean {
    const silent = (other: string) =>
      this.writers.get(other)?.left === true || this.world.now - (this.beats.get(other) ?? 0) > SILENT;
    return this.by(id).some((other) => other === w || silent(other));
  }

  /**
   * Some segment of a registered writer named it once, which was not silent for that long. Whether it still has that number
   * is not asked: as long as a transaction may land, its number must be one that somebody looks at.
   */
  wasNamed(id: string, silentFor: number): boolean {
    return [...(this.history.get(id) ?? [])].some((key) => {
      const { w } = split(key);
      const beatAt = this.beats.get(w) ?? Number.NEGATIVE_INFINITY;
      return this.directory.has(w) && this.world.now - beatAt <= silentFor;
    });
  }

  private segment(key: string): boolean {
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

  private writer(key: string): boolean {
    const w = key.slice(2);
    this.beats.set(w, this.world.now);
    const before = this.writers.get(w);
    const now = this.store.get(key)?.value as { lo: number; limit: number; left?: boolean } | undefined;
    if (now === undefined) return this.writers.delete(w);
    this.writers.set(w, { lo: now.lo, limit: now.limit, left: now.left === true });
    return before !== undefined && (now.lo > before.lo || now.limit < before.limit);
  }

  private names(): boolean {
    const before = this.directory;
    this.directory = new Set((this.store.get('writers')?.value as { writers: string[] } | undefined)?.writers ?? []);
    return [...before].some((w) => !this.directory.has(w));
  }
}

function split(key: string): { w: string; n: number } {
  const [, w = '', n = ''] = key.split(':');
  return { w, n: Number(n) };
}
