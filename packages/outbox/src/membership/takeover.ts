import type { DeletionQueue } from '../commit/deletion-queue.ts';
import { type Context, createLoop } from '../context.ts';
import type { OutboxDocument, Stored } from '../ports.ts';
import { type CommitSegment, SegmentRewriter } from '../recovery/segment-rewriter.ts';
import { type ScannedSegment, scanSegments } from '../recovery/segment-scan.ts';
import { parseWriter, segmentKey, type WriterRecord, writerKey } from '../storage-format.ts';
import { reasonOf } from '../util/errors.ts';
import { rendezvous } from '../util/hash.ts';
import type { Loop } from '../util/loop.ts';
import { SECOND } from '../util/time.ts';
import { type RegistryEntry, readRegistry, removeFromRegistry } from './registry.ts';
import { StalenessDetector } from './staleness.ts';

/** Time between two reads of the registry and of the records of all writers. */
const OBSERVE_MS = 2 * SECOND;
/** Maximum number of segments of one writer that are deleted when it retires. */
const MAX_LEFT_OVER = 10_000;

/** Another writer, as this process observes it. All times are of this process's monotonic clock. */
interface OtherWriter {
  readonly name: string;
  readonly record: WriterRecord;
  /** Whether this writer takes it over. */
  mine: boolean;
  /** End of the first complete scan. */
  firstScanAt: number | undefined;
  /** Number of complete scans after the first. */
  rescans: number;
  lastScanAt: number;
  lastScanEmpty: boolean;
  /** Keys of the segments that the last scan has left, because none of their documents was stored. */
  leftOver: readonly string[];
}

/** A name is added to the registry after its record was inserted. A name without a record has left no segment. */
const NO_RECORD: WriterRecord = { beat: 0, low: 1, limit: 0, left: false, extra: {} };

/** No document of the segment is stored: its transaction was not applied, or all of its documents have expired. */
const isLeftOver = ({ open, absent, unreadable }: ScannedSegment): boolean =>
  open.length === 0 && absent > 0 && !unreadable;

/**
 * Takes over the segments of writers whose heartbeat stopped. It never deletes a writer's record, and it locks nothing:
 * two writers that take over the same segments do no harm, because commands and replies are idempotent.
 *
 * | state of another writer | entered by | left by |
 * |---|---|---|
 * | live | any change of its record | unchanged for 10 s of this clock, or marked as left: stopped |
 * | stopped | as above | rendezvous hashing chooses this writer: mine; another writer: theirs |
 * | mine | as above | first complete scan: scanned; a record that changes: live; a better candidate joins: theirs |
 * | scanned | first complete scan of its reserved numbers | rescans after 1, 10 and 60 minutes, for transactions applied late |
 * | retired | unchanged for 24 h, last scan empty and less than a minute old | removed from the registry |
 */
export class OrphanTakeover<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #deletions: DeletionQueue;
  readonly #self: () => string | undefined;
  readonly #commitSegment: CommitSegment;
  readonly #others = new Map<string, OtherWriter>();
  readonly #staleness: StalenessDetector;
  readonly #observations: Loop;
  readonly #scans: Loop;
  #registry: RegistryEntry | undefined;
  #stopped = false;

  constructor(
    context: Context<D, A>,
    deletions: DeletionQueue,
    self: () => string | undefined,
    commitSegment: CommitSegment,
  ) {
    this.#context = context;
    this.#staleness = new StalenessDetector(context.clock);
    this.#deletions = deletions;
    this.#self = self;
    this.#commitSegment = commitSegment;
    this.#observations = createLoop(context, 'takeover-failed', () => this.#observe());
    this.#scans = createLoop(context, 'takeover-failed', () => this.#scanDue());
  }

  /** Number of other writers in the registry. */
  get otherWriters(): number {
    return this.#others.size;
  }

  /** Number of stopped writers that this writer takes over. */
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

  /** Reads the registry and all records, and decides which writers to take over. */
  async #observe(): Promise<number> {
    const { store } = this.#context;
    const self = this.#self();
    const entry = await readRegistry(store);
    if (entry === undefined || self === undefined) return OBSERVE_MS;
    this.#registry = entry;
    const names = entry.registry.writers.filter((name) => name !== self);
    for (const name of this.#others.keys()) if (!names.includes(name)) this.#others.delete(name);
    this.#staleness.retain(names);
    const records = await store.read(names.map(writerKey));
    for (const name of names) this.#update(name, records.get(writerKey(name)));
    this.#choose(self);
    this.#scans.wake();
    return OBSERVE_MS;
  }

  /**
   * Replaces the entry of a writer when its record has changed: its ETag, or its beat or departure, because some stores
   * repeat ETags.
   */
  #update(name: string, stored: Stored | undefined): void {
    const record = this.#parse(stored);
    if (record === undefined) return;
    if (!this.#staleness.observe(name, `${stored?.etag ?? ''} ${record.beat} ${record.left}`)) return;
    this.#others.set(name, {
      name,
      record,
      mine: false,
      firstScanAt: undefined,
      rescans: 0,
      lastScanAt: Number.NEGATIVE_INFINITY,
      lastScanEmpty: false,
      leftOver: [],
    });
  }

  /** Undefined for a record of another version, which only replicas of that version can take over. */
  #parse(stored: Stored | undefined): WriterRecord | undefined {
    if (stored === undefined) return NO_RECORD;
    try {
      return parseWriter(stored.value);
    } catch (error) {
      this.#context.observer.event?.('writer-unreadable', { reason: reasonOf(error) });
      return undefined;
    }
  }

  #choose(self: string): void {
    const live = [self];
    for (const other of this.#others.values()) if (!this.#isDead(other)) live.push(other.name);
    for (const other of this.#others.values()) {
      const mine = this.#isDead(other) && rendezvous(other.name, live) === self;
      if (mine === other.mine) continue;
      other.mine = mine;
      other.firstScanAt = undefined;
      this.#context.observer.event?.(mine ? 'takeover-started' : 'takeover-ended', { writer: other.name });
    }
  }

  #isDead({ name, record }: OtherWriter): boolean {
    return this.#context.policies.isDead({ unchangedMs: this.#staleness.unchangedMs(name), left: record.left });
  }

  async #scanDue(): Promise<undefined> {
    for (const other of [...this.#others.values()]) {
      if (this.#stopped) return;
      if (!other.mine) continue;
      if (this.#isScanDue(other)) await this.#scan(other);
      if (this.#mayRetire(other)) await this.#retire(other);
    }
  }

  #isScanDue(other: OtherWriter): boolean {
    const { policies, settings, clock } = this.#context;
    const { name, firstScanAt, rescans, lastScanAt } = other;
    if (firstScanAt === undefined) return true;
    const now = clock.monotonic();
    if (policies.mayRescan({ rescans, sinceFirstScanMs: now - firstScanAt }, settings)) return true;
    const lastScanAgeMs = now - lastScanAt;
    // True if a fresh, empty scan is the only condition for retirement that is not met.
    const fresh = { unchangedMs: this.#staleness.unchangedMs(name), lastScanEmpty: true, lastScanAgeMs: 0 };
    return lastScanAgeMs >= settings.retireScanMs && policies.mayRetire(fresh, settings);
  }

  #mayRetire({ name, lastScanAt, lastScanEmpty, mine }: OtherWriter): boolean {
    const { policies, settings, clock } = this.#context;
    const unchangedMs = this.#staleness.unchangedMs(name);
    const facts = { unchangedMs, lastScanEmpty, lastScanAgeMs: clock.monotonic() - lastScanAt };
    return mine && policies.mayRetire(facts, settings);
  }

  /** Scans the reserved numbers once, page by page. Stops when the writer is live again or another writer takes it over. */
  async #scan(other: OtherWriter): Promise<void> {
    const { policies, settings, clock } = this.#context;
    const { from: start, to: end } = policies.takeoverRange(other.record);
    const startedAt = clock.monotonic();
    const rewriter = new SegmentRewriter(this.#context, this.#deletions, this.#commitSegment);
    const leftOver: string[] = [];
    let empty = true;
    for (let from = start; from <= end; from += settings.readBatch) {
      await this.#deletions.whenRoom();
      const segments = await this.#readPage(other, from, Math.min(from + settings.readBatch - 1, end));
      if (segments === undefined) return;
      for (const segment of segments) {
        if (segment.open.length > 0 || segment.unreadable) empty = false;
        if (isLeftOver(segment) && leftOver.length < MAX_LEFT_OVER) leftOver.push(segment.key);
        if (!(await this.#takeOver(segment, rewriter))) return;
      }
    }
    if (!(await rewriter.flush()) || !this.#isCurrent(other)) return;
    if (other.firstScanAt === undefined) other.firstScanAt = clock.monotonic();
    else other.rescans++;
    other.lastScanAt = startedAt;
    other.lastScanEmpty = empty;
    other.leftOver = leftOver;
    this.#context.observer.event?.('scanned', { writer: other.name, rescans: other.rescans, empty: empty ? 1 : 0 });
  }

  /** The segments of one page, read together with the writer's record. Undefined when the scan must stop. */
  async #readPage(other: OtherWriter, from: number, to: number): Promise<ScannedSegment[] | undefined> {
    const keys = Array.from({ length: to - from + 1 }, (_, i) => segmentKey(other.name, from + i));
    const stored = await this.#context.entryReader.read([writerKey(other.name), ...keys]);
    this.#update(other.name, stored.get(writerKey(other.name)));
    if (!this.#isCurrent(other)) return undefined;
    return scanSegments(this.#context, other.name, [from, to], stored, () => false);
  }

  #isCurrent(other: OtherWriter): boolean {
    return !this.#stopped && other.mine && this.#others.get(other.name) === other;
  }

  /**
   * Moves the open ids to a segment of this writer. A segment with absent documents is not deleted: their transaction may
   * still be in flight, and its documents would lose their segment.
   */
  async #takeOver(
    { key, open, absent, unreadable }: ScannedSegment,
    rewriter: SegmentRewriter<D, A>,
  ): Promise<boolean> {
    const stays = unreadable || !this.#context.policies.mayDeleteSegment({ open: 0, absent });
    if (open.length > 0) return rewriter.add(open, { key, onDeleted: stays ? undefined : () => {} });
    if (!stays) this.#deletions.add(key);
    return true;
  }

  /** Removes the writer from the registry, so that no writer reads its segments again, and deletes those that are left. */
  async #retire(other: OtherWriter): Promise<void> {
    const entry = this.#registry;
    if (entry === undefined) return;
    this.#registry = undefined;
    const outcome = await removeFromRegistry(this.#context.store, entry, other.name);
    this.#context.observer.event?.('retired', { writer: other.name, outcome });
    if (outcome !== 'written') return;
    for (const key of other.leftOver) {
      await this.#deletions.whenRoom();
      this.#deletions.add(key);
    }
  }
}
