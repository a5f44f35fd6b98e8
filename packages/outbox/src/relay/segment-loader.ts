import type { SegmentNumbers } from '../commit/segment-numbers.ts';
import type { Context } from '../context.ts';
import { reasonOf } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import { readDocuments, type StoredDocument } from '../recovery/segment-scan.ts';
import { parseSegment, segmentKey } from '../storage-format.ts';
import { Loop } from '../util/loop.ts';
import type { LoadedDocument, Relay } from './relay.ts';

/** Most segments of one read. */
const page = 64;

interface CachedSegment<D> {
  readonly ids: readonly string[];
  readonly documents: readonly (StoredDocument<D> | undefined)[];
}

interface Unloaded {
  readonly n: number;
  readonly ids: readonly string[];
}

/**
 * Goes through the segments of this writer in their order and loads them as the relay has room. What was just committed
 * is taken from memory when the cursor stands there, and read from the store when it comes there later. Once in a while
 * it goes back to the start, for the stuck documents.
 */
export class SegmentLoader<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #writer: string;
  readonly #range: SegmentNumbers;
  readonly #relay: Relay<D, A>;
  readonly #cached = new Map<number, CachedSegment<D>>();
  readonly #loop: Loop;
  #position = 1;
  #full = false;
  /** Ids counted since the cursor went back to the start, to correct what the range believes to name. */
  #pass: { readonly end: number; readonly named: number; counted: number } | undefined;
  #nextPass: number;

  constructor(context: Context<D, A>, writer: string, range: SegmentNumbers, relay: Relay<D, A>) {
    this.#context = context;
    this.#writer = writer;
    this.#range = range;
    this.#relay = relay;
    this.#nextPass = context.clock.monotonic() + context.settings.parkedRetryMs;
    this.#loop = new Loop(
      context.clock,
      () => this.#run(),
      (error) => context.observer.event?.('load-failed', { reason: reasonOf(error) }),
    );
  }

  /** Documents in memory that the relay does not know yet. */
  get cachedIds(): number {
    let sum = 0;
    for (const { ids } of this.#cached.values()) sum += ids.length;
    return sum;
  }

  start(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
  }

  /** Segment `n` is in the store. */
  committed(n: number, ids: readonly string[], documents: readonly (StoredDocument<D> | undefined)[]): void {
    const fresh = { ids, documents };
    if (this.#position === n && this.#relay.hasRoom && this.#loadCached(n, fresh)) return;
    const atHand = documents.length === ids.length;
    if (atHand && this.#cached.size < this.#context.settings.cachedSegments) this.#cached.set(n, fresh);
    this.wake();
  }

  /** The relay may have room again. Half of the look-ahead at least, so that reads are worth their while. */
  wake(): void {
    if (this.#position >= this.#range.finishedBelow) return;
    if (this.#full && 2 * this.#relay.blocked > this.#context.settings.lookAhead) return;
    this.#full = false;
    this.#loop.wake();
  }

  async #run(): Promise<number | undefined> {
    const { clock, settings } = this.#context;
    for (;;) {
      while (this.#position < this.#range.finishedBelow) {
        if (!this.#relay.hasRoom) {
          this.#full = true;
          return undefined;
        }
        await this.#step();
        this.#relay.flush();
        this.#endPass();
      }
      const now = clock.monotonic();
      if (now < this.#nextPass) return this.#nextPass - now;
      this.#nextPass = now + settings.parkedRetryMs;
      this.#position = this.#range.low;
      this.#pass = { end: this.#range.finishedBelow, named: this.#range.openIds, counted: 0 };
    }
  }

  /** Another writer may have adopted segments of this one in between, which nobody told it. */
  #endPass(): void {
    const pass = this.#pass;
    if (pass === undefined || this.#position < pass.end) return;
    this.#range.openIds = Math.max(pass.counted + this.#range.openIds - pass.named, 0);
    this.#pass = undefined;
  }

  async #step(): Promise<void> {
    const n = this.#position;
    const fresh = this.#cached.get(n);
    this.#cached.delete(n);
    if (fresh === undefined) await this.#readPage(n);
    else if (!this.#loadCached(n, fresh)) await this.#load([{ n, ids: fresh.ids }]);
    for (const passed of this.#cached.keys()) if (passed < this.#position) this.#cached.delete(passed);
  }

  /** Loads a segment without reading, if all its documents are at hand. */
  #loadCached(n: number, { ids, documents }: CachedSegment<D>): boolean {
    if (ids.some((id, i) => documents[i] === undefined && this.#relay.needsRead(n, id))) return false;
    this.#relay.loadSegment(n, ids, documents, this.#relay.tick());
    this.#position = n + 1;
    return true;
  }

  async #readPage(from: number): Promise<void> {
    let to = Math.min(from + page, this.#range.finishedBelow);
    for (const n of this.#cached.keys()) if (n > from) to = Math.min(to, n);
    const numbers = Array.from({ length: to - from }, (_, i) => from + i);
    const found = await this.#context.store.read(numbers.map((n) => segmentKey(this.#writer, n)));
    let group: Unloaded[] = [];
    let size = 0;
    for (const n of numbers) {
      const stored = this.#range.isUncertain(n) ? undefined : found.get(segmentKey(this.#writer, n));
      const ids = stored === undefined ? this.#missing(n) : this.#parse(stored.value);
      group.push({ n, ids });
      size += ids.length;
      if (size < this.#context.settings.readBatch && n + 1 < to) continue;
      await this.#load(group);
      if (!this.#relay.hasRoom) return;
      group = [];
      size = 0;
    }
  }

  /** Its commit is finished, so it was there: it has been deleted. Or it was given up: that is for whoever adopts this name. */
  #missing(n: number): readonly string[] {
    this.#range.markMissing(n);
    return [];
  }

  /** A segment of another version is left alone. */
  #parse(value: unknown): readonly string[] {
    try {
      return parseSegment(value).ids;
    } catch (error) {
      this.#context.observer.event?.('segment-unreadable', { reason: reasonOf(error) });
      return [];
    }
  }

  async #load(group: readonly Unloaded[]): Promise<void> {
    const asOf = this.#relay.tick();
    const read = new Map<string, LoadedDocument<D>>();
    const unread = (): string[] =>
      group.flatMap(({ n, ids }) => ids.filter((id) => !read.has(id) && this.#relay.needsRead(n, id)));
    // Again, since what is loaded when the reading starts may not be when it ends.
    for (let wanted = unread(); wanted.length > 0; wanted = unread())
      for (const [id, document] of await readDocuments(this.#context, wanted)) read.set(id, document);
    for (const { n, ids } of group) {
      const found = ids.map((id): LoadedDocument<D> => read.get(id));
      if (ids.length > 0) this.#relay.loadSegment(n, ids, found, asOf);
      this.#position = n + 1;
      if (this.#pass !== undefined && n < this.#pass.end) this.#pass.counted += ids.length;
    }
  }
}
