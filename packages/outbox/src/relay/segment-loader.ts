import type { SegmentNumbers } from '../commit/segment-numbers.ts';
import { type Context, createLoop } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import { parseSegment, segmentKey } from '../storage-format.ts';
import { readDocuments, type StoredDocument } from '../stored-documents.ts';
import { reasonOf } from '../util/errors.ts';
import type { Loop } from '../util/loop.ts';
import type { LoadedDocument } from './open-document.ts';
import type { Relay } from './relay.ts';

/** Maximum number of segments in one read. */
const PAGE = 64;

interface CachedSegment<D> {
  readonly ids: readonly string[];
  readonly documents: readonly (StoredDocument<D> | undefined)[];
}

interface SegmentIds {
  readonly n: number;
  readonly ids: readonly string[];
}

/**
 * Loads the segments of this writer into the relay, in the order of their numbers and as the relay has room. A segment
 * that was just committed is taken from memory if the loader is at its number, and read from the store if the loader
 * reaches it later. Every `parkedRetryMs` the loader starts again at the smallest number, for the parked documents.
 */
export class SegmentLoader<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #writer: string;
  readonly #numbers: SegmentNumbers;
  readonly #relay: Relay<D, A>;
  readonly #cached = new Map<number, CachedSegment<D>>();
  readonly #loop: Loop;
  #position = 1;
  #full = false;
  /** Ids counted since the loader started again, to correct the count of open ids. */
  #pass: { readonly end: number; readonly openIds: number; counted: number } | undefined;
  #nextPass: number;

  constructor(context: Context<D, A>, writer: string, numbers: SegmentNumbers, relay: Relay<D, A>) {
    this.#context = context;
    this.#writer = writer;
    this.#numbers = numbers;
    this.#relay = relay;
    this.#nextPass = context.clock.monotonic() + context.settings.parkedRetryMs;
    this.#loop = createLoop(context, 'load-failed', () => this.#run());
  }

  /** Number of ids in memory that are not loaded into the relay yet. */
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

  /** Segment `n` is stored. */
  committed(n: number, ids: readonly string[], documents: readonly (StoredDocument<D> | undefined)[]): void {
    const segment = { ids, documents };
    if (this.#position === n && this.#relay.hasRoom && this.#loadCached(n, segment)) return;
    const hasDocuments = documents.length === ids.length;
    if (hasDocuments && this.#cached.size < this.#context.settings.cachedSegments) this.#cached.set(n, segment);
    this.wake();
  }

  /** The relay may have room again. Waits for half of the look-ahead, so that each read is large. */
  wake(): void {
    if (this.#position >= this.#numbers.finishedBelow) return;
    if (this.#full && 2 * this.#relay.blocked > this.#context.settings.lookAhead) return;
    this.#full = false;
    this.#loop.wake();
  }

  async #run(): Promise<number | undefined> {
    const { clock, settings } = this.#context;
    for (;;) {
      while (this.#position < this.#numbers.finishedBelow) {
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
      this.#position = this.#numbers.low;
      this.#pass = { end: this.#numbers.finishedBelow, openIds: this.#numbers.openIds, counted: 0 };
    }
  }

  /** Corrects the count of open ids, because another writer may have taken over segments of this one meanwhile. */
  #endPass(): void {
    const pass = this.#pass;
    if (pass === undefined || this.#position < pass.end) return;
    this.#numbers.openIds = Math.max(pass.counted + this.#numbers.openIds - pass.openIds, 0);
    this.#pass = undefined;
  }

  async #step(): Promise<void> {
    const n = this.#position;
    const cached = this.#cached.get(n);
    this.#cached.delete(n);
    if (cached === undefined) await this.#readPage(n);
    else if (!this.#loadCached(n, cached)) await this.#load([{ n, ids: cached.ids }]);
    for (const passed of this.#cached.keys()) if (passed < this.#position) this.#cached.delete(passed);
  }

  /** Loads a segment without a read. Returns false if one of its documents is not in memory. */
  #loadCached(n: number, { ids, documents }: CachedSegment<D>): boolean {
    if (ids.some((id, i) => documents[i] === undefined && this.#relay.needsRead(n, id))) return false;
    this.#relay.loadSegment(n, ids, documents, this.#relay.tick());
    this.#position = n + 1;
    return true;
  }

  async #readPage(from: number): Promise<void> {
    let to = Math.min(from + PAGE, this.#numbers.finishedBelow);
    for (const n of this.#cached.keys()) if (n > from) to = Math.min(to, n);
    const numbers = Array.from({ length: to - from }, (_, i) => from + i);
    const found = await this.#context.entryReader.read(numbers.map((n) => segmentKey(this.#writer, n)));
    let group: SegmentIds[] = [];
    let size = 0;
    for (const n of numbers) {
      const stored = this.#numbers.isUncertain(n) ? undefined : found.get(segmentKey(this.#writer, n));
      const ids = stored === undefined ? this.#markMissing(n) : this.#parse(stored.value);
      group.push({ n, ids });
      size += ids.length;
      if (size < this.#context.settings.readBatch && n + 1 < to) continue;
      await this.#load(group);
      if (!this.#relay.hasRoom) return;
      group = [];
      size = 0;
    }
  }

  /** Its commit is finished, so the segment was stored and has been deleted. An uncertain number is left to a takeover. */
  #markMissing(n: number): readonly string[] {
    this.#numbers.markMissing(n);
    return [];
  }

  /** A segment of an unsupported version is left unchanged. */
  #parse(value: unknown): readonly string[] {
    try {
      return parseSegment(value).ids;
    } catch (error) {
      this.#context.observer.event?.('segment-unreadable', { reason: reasonOf(error) });
      return [];
    }
  }

  async #load(group: readonly SegmentIds[]): Promise<void> {
    const observedAt = this.#relay.tick();
    const read = new Map<string, LoadedDocument<D>>();
    const unread = (): string[] =>
      group.flatMap(({ n, ids }) => ids.filter((id) => !read.has(id) && this.#relay.needsRead(n, id)));
    // Repeated, because a document that is loaded when the read starts may be removed before it ends.
    for (let wanted = unread(); wanted.length > 0; wanted = unread())
      for (const [id, document] of await readDocuments(this.#context, wanted)) read.set(id, document);
    for (const { n, ids } of group) {
      const found = ids.map((id): LoadedDocument<D> => read.get(id));
      if (ids.length > 0) this.#relay.loadSegment(n, ids, found, observedAt);
      this.#position = n + 1;
      if (this.#pass !== undefined && n < this.#pass.end) this.#pass.counted += ids.length;
    }
  }
}
