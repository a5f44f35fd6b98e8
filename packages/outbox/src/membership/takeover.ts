import type { DeletionQueue } from '../commit/deletion-queue.ts';
import { type Context, reasonOf } from '../context.ts';
import type { OutboxDocument, Stored } from '../ports.ts';
import { type ScannedSegment, SegmentRewriter, scanSegments } from '../recovery/segment-scan.ts';
import {
  parseRegistry,
  parseWriter,
  REGISTRY_KEY,
  type Registry,
  registryValue,
  segmentKey,
  type WriterRecord,
  writerKey,
} from '../storage-format.ts';
import { Loop } from '../util/loop.ts';

/** Another writer, as seen from here. Times are of the own monotonic clock. */
interface OtherWriter {
  readonly name: string;
  /** ETag and beat, since some stores repeat ETags. */
  seen: string;
  since: number;
  record: WriterRecord;
  mine: boolean;
  /** End of the first complete scan, and how many complete ones came after it. */
  firstScanAt: number | undefined;
  rescans: number;
  lastScanAt: number;
  lastScanEmpty: boolean;
}

/** A writer that registers is in the store before it is in the directory; if it is not, it has left no segment. */
const noRecord: WriterRecord = { beat: 0, low: 1, limit: 0, left: false, extra: {} };

/**
 * Cares for what writers leave behind that don't beat any more. Legal ways of another writer: watched -> dead ->
 * scanned once, and again and again -> retired; back to watched whenever its record changes, or when another one of the
 * living is to adopt it.
 */
export class OrphanTakeover<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #deletions: DeletionQueue;
  readonly #self: () => string | undefined;
  readonly #move: (ids: readonly string[]) => Promise<boolean>;
  readonly #others = new Map<string, OtherWriter>();
  readonly #observations: Loop;
  readonly #scans: Loop;
  #directory: { readonly value: Registry; readonly etag: string } | undefined;
  #stopped = false;

  constructor(
    context: Context<D, A>,
    deletions: DeletionQueue,
    self: () => string | undefined,
    move: (ids: readonly string[]) => Promise<boolean>,
  ) {
    this.#context = context;
    this.#deletions = deletions;
    this.#self = self;
    this.#move = move;
    const failed = (error: unknown): void => context.observer.event?.('adopt-failed', { reason: reasonOf(error) });
    this.#observations = new Loop(context.clock, () => this.#observe(), failed);
    this.#scans = new Loop(context.clock, () => this.#scanDue(), failed);
  }

  get otherWriters(): number {
    return this.#others.size;
  }

  get takenOver(): number {
    let count = 0;
    for (const { mine } of this.#others.values()) if (mine) count++;
    return count;
  }

  start(): void {
    this.#observations.wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#observations.stop();
    this.#scans.stop();
  }

  /** Reads the directory and the writers, and decides whom to care for. */
  async #observe(): Promise<number> {
    const { store, settings } = this.#context;
    const self = this.#self();
    const stored = (await store.read([REGISTRY_KEY])).get(REGISTRY_KEY);
    if (stored === undefined || self === undefined) return settings.watchMs;
    const directory = parseRegistry(stored.value);
    this.#directory = { value: directory, etag: stored.etag };
    const names = directory.writers.filter((name) => name !== self);
    for (const name of this.#others.keys()) if (!names.includes(name)) this.#others.delete(name);
    const records = await store.read(names.map(writerKey));
    for (const name of names) this.#see(name, records.get(writerKey(name)));
    this.#choose(self);
    this.#scans.wake();
    return settings.watchMs;
  }

  #see(name: string, stored: Stored | undefined): void {
    const record = this.#parse(stored);
    if (record === undefined) return;
    const seen = `${stored?.etag ?? ''} ${record.beat} ${record.left}`;
    if (this.#others.get(name)?.seen === seen) return;
    this.#others.set(name, {
      name,
      seen,
      since: this.#context.clock.monotonic(),
      record,
      mine: false,
      firstScanAt: undefined,
      rescans: 0,
      lastScanAt: Number.NEGATIVE_INFINITY,
      lastScanEmpty: false,
    });
  }

  /** A writer of another version is left to those who understand it. */
  #parse(stored: Stored | undefined): WriterRecord | undefined {
    if (stored === undefined) return noRecord;
    try {
      return parseWriter(stored.value);
    } catch (error) {
      this.#context.observer.event?.('writer-unreadable', { reason: reasonOf(error) });
      return undefined;
    }
  }

  #choose(self: string): void {
    const { policies } = this.#context;
    const living = [self];
    for (const other of this.#others.values()) if (!this.#isDead(other)) living.push(other.name);
    for (const other of this.#others.values()) {
      const mine = this.#isDead(other) && policies.successorOf(other.name, living) === self;
      if (mine === other.mine) continue;
      other.mine = mine;
      other.firstScanAt = undefined;
      this.#context.observer.event?.(mine ? 'adopt' : 'release', { writer: other.name });
    }
  }

  #isDead({ since, record }: OtherWriter): boolean {
    const { policies, settings, clock } = this.#context;
    return policies.isDead({ unchangedMs: clock.monotonic() - since, left: record.left }, settings);
  }

  async #scanDue(): Promise<undefined> {
    for (const other of [...this.#others.values()]) {
      if (this.#stopped) return;
      if (!other.mine) continue;
      if (this.#isDue(other)) await this.#scan(other);
      if (this.#mayRetire(other)) await this.#retire(other);
    }
  }

  #isDue(other: OtherWriter): boolean {
    const { policies, settings, clock } = this.#context;
    const { firstScanAt, rescans, lastScanAt, since } = other;
    if (firstScanAt === undefined) return true;
    const now = clock.monotonic();
    if (policies.mayRescan({ rescans, sinceFirstScanMs: now - firstScanAt }, settings)) return true;
    const lastScanAgeMs = now - lastScanAt;
    // Would it be retired if the last look were fresh and empty?
    const fresh = { unchangedMs: now - since, lastScanEmpty: true, lastScanAgeMs: 0 };
    return lastScanAgeMs >= settings.retireScanMs && policies.mayRetire(fresh, settings);
  }

  #mayRetire({ since, lastScanAt, lastScanEmpty, mine }: OtherWriter): boolean {
    const { policies, settings, clock } = this.#context;
    const now = clock.monotonic();
    const facts = { unchangedMs: now - since, lastScanEmpty, lastScanAgeMs: now - lastScanAt };
    return mine && policies.mayRetire(facts, settings);
  }

  /** One complete scan of the range, unless the writer beats again or is not ours any more. */
  async #scan(other: OtherWriter): Promise<void> {
    const { policies, settings, clock } = this.#context;
    const { from: start, to: end } = policies.takeoverRange(other.record);
    const startedAt = clock.monotonic();
    const mover = new SegmentRewriter(this.#context, this.#deletions, this.#move);
    let empty = true;
    for (let from = start; from <= end; from += settings.readBatch) {
      await this.#deletions.whenRoom();
      const segments = await this.#page(other, from, Math.min(from + settings.readBatch - 1, end));
      if (segments === undefined) return;
      for (const segment of segments) {
        if (segment.open.length > 0 || segment.unreadable) empty = false;
        if (!(await this.#take(segment, mover))) return;
      }
    }
    if (!(await mover.flush()) || !this.#isCurrent(other)) return;
    if (other.firstScanAt === undefined) other.firstScanAt = clock.monotonic();
    else other.rescans++;
    other.lastScanAt = startedAt;
    other.lastScanEmpty = empty;
    this.#context.observer.event?.('scanned', { writer: other.name, looks: other.rescans, empty: empty ? 1 : 0 });
  }

  /** The segments of one page, read together with the writer's record; undefined when it is alive. */
  async #page(other: OtherWriter, from: number, to: number): Promise<ScannedSegment[] | undefined> {
    const keys = Array.from({ length: to - from + 1 }, (_, i) => segmentKey(other.name, from + i));
    const stored = await this.#context.store.read([writerKey(other.name), ...keys]);
    this.#see(other.name, stored.get(writerKey(other.name)));
    if (!this.#isCurrent(other)) return undefined;
    return scanSegments(this.#context, other.name, [from, to], stored, () => false);
  }

  #isCurrent(other: OtherWriter): boolean {
    return !this.#stopped && other.mine && this.#others.get(other.name) === other;
  }

  /** A segment with absent documents stays: their transaction may still be under way, and would lose its segment. */
  async #take({ key, open, absent, unreadable }: ScannedSegment, mover: SegmentRewriter<D, A>): Promise<boolean> {
    const { policies } = this.#context;
    const stays = unreadable || !policies.mayDeleteSegment({ open: 0, absent });
    if (open.length > 0) return mover.add(open, { key, gone: stays ? undefined : () => {} });
    if (!stays) this.#deletions.add(key);
    return true;
  }

  async #retire(other: OtherWriter): Promise<void> {
    const directory = this.#directory;
    if (directory === undefined) return;
    const { value, etag } = directory;
    const writers = value.writers.filter((name) => name !== other.name);
    const without = registryValue({ ...value, revision: value.revision + 1, writers });
    this.#directory = undefined;
    const outcome = await this.#context.store.write([{ key: REGISTRY_KEY, value: without, etag }]);
    this.#context.observer.event?.('retire', { writer: other.name, outcome });
  }
}
