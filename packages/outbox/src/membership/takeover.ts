import type { Deletions } from '../commit/deletion-queue.ts';
import { type Context, reasonOf } from '../context.ts';
import type { OutboxDocument, Stored } from '../ports.ts';
import { Mover, type Scanned, scan } from '../recovery/segment-scan.ts';
import {
  type Directory,
  directoryKey,
  directoryValue,
  parseDirectory,
  parseWriter,
  segmentKey,
  type WriterRecord,
  writerKey,
} from '../storage-format.ts';
import { Loop } from '../util/loop.ts';

/** Another writer, as seen from here. Times are of the own monotonic clock. */
interface Other {
  readonly name: string;
  /** ETag and beat, since some stores repeat ETags. */
  seen: string;
  since: number;
  record: WriterRecord;
  mine: boolean;
  /** End of the first complete scan, and how many complete ones came after it. */
  firstScanAt: number | undefined;
  looks: number;
  lastLookAt: number;
  lastLookEmpty: boolean;
}

/** A writer that registers is in the store before it is in the directory; if it is not, it has left no segment. */
const noRecord: WriterRecord = { beat: 0, lo: 1, limit: 0, left: false, extra: {} };

/**
 * Cares for what writers leave behind that don't beat any more. Legal ways of another writer: watched -> dead ->
 * scanned once, and again and again -> retired; back to watched whenever its record changes, or when another one of the
 * living is to adopt it.
 */
export class Adopt<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #deletions: Deletions;
  readonly #self: () => string | undefined;
  readonly #move: (ids: readonly string[]) => Promise<boolean>;
  readonly #others = new Map<string, Other>();
  readonly #watch: Loop;
  readonly #scans: Loop;
  #directory: { readonly value: Directory; readonly etag: string } | undefined;
  #stopped = false;

  constructor(
    context: Context<D, A>,
    deletions: Deletions,
    self: () => string | undefined,
    move: (ids: readonly string[]) => Promise<boolean>,
  ) {
    this.#context = context;
    this.#deletions = deletions;
    this.#self = self;
    this.#move = move;
    const failed = (error: unknown): void => context.observer.event?.('adopt-failed', { reason: reasonOf(error) });
    this.#watch = new Loop(context.clock, () => this.#look(), failed);
    this.#scans = new Loop(context.clock, () => this.#scanDue(), failed);
  }

  get writers(): number {
    return this.#others.size;
  }

  get adopted(): number {
    let count = 0;
    for (const { mine } of this.#others.values()) if (mine) count++;
    return count;
  }

  start(): void {
    this.#watch.wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#watch.stop();
    this.#scans.stop();
  }

  /** Reads the directory and the writers, and decides whom to care for. */
  async #look(): Promise<number> {
    const { store, settings } = this.#context;
    const self = this.#self();
    const stored = (await store.read([directoryKey])).get(directoryKey);
    if (stored === undefined || self === undefined) return settings.watchMs;
    const directory = parseDirectory(stored.value);
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
      looks: 0,
      lastLookAt: Number.NEGATIVE_INFINITY,
      lastLookEmpty: false,
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
      const mine = this.#isDead(other) && policies.adopter(other.name, living) === self;
      if (mine === other.mine) continue;
      other.mine = mine;
      other.firstScanAt = undefined;
      this.#context.observer.event?.(mine ? 'adopt' : 'release', { writer: other.name });
    }
  }

  #isDead({ since, record }: Other): boolean {
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

  #isDue(other: Other): boolean {
    const { policies, settings, clock } = this.#context;
    const { firstScanAt, looks, lastLookAt, since } = other;
    if (firstScanAt === undefined) return true;
    const now = clock.monotonic();
    if (policies.looksAgain({ looks, sinceFirstScanMs: now - firstScanAt }, settings)) return true;
    const lastLookAgeMs = now - lastLookAt;
    // Would it be retired if the last look were fresh and empty?
    const fresh = { unchangedMs: now - since, lastLookEmpty: true, lastLookAgeMs: 0 };
    return lastLookAgeMs >= settings.retireLookMs && policies.mayRetire(fresh, settings);
  }

  #mayRetire({ since, lastLookAt, lastLookEmpty, mine }: Other): boolean {
    const { policies, settings, clock } = this.#context;
    const now = clock.monotonic();
    const facts = { unchangedMs: now - since, lastLookEmpty, lastLookAgeMs: now - lastLookAt };
    return mine && policies.mayRetire(facts, settings);
  }

  /** One complete scan of the range, unless the writer beats again or is not ours any more. */
  async #scan(other: Other): Promise<void> {
    const { policies, settings, clock } = this.#context;
    const { from: start, to: end } = policies.adoptedRange(other.record);
    const startedAt = clock.monotonic();
    const mover = new Mover(this.#context, this.#deletions, this.#move);
    let empty = true;
    for (let from = start; from <= end; from += settings.readBatch) {
      await this.#deletions.room();
      const segments = await this.#page(other, from, Math.min(from + settings.readBatch - 1, end));
      if (segments === undefined) return;
      for (const segment of segments) {
        if (segment.open.length > 0 || segment.unreadable) empty = false;
        if (!(await this.#take(segment, mover))) return;
      }
    }
    if (!(await mover.flush()) || !this.#isCurrent(other)) return;
    if (other.firstScanAt === undefined) other.firstScanAt = clock.monotonic();
    else other.looks++;
    other.lastLookAt = startedAt;
    other.lastLookEmpty = empty;
    this.#context.observer.event?.('scanned', { writer: other.name, looks: other.looks, empty: empty ? 1 : 0 });
  }

  /** The segments of one page, read together with the writer's record; undefined when it is alive. */
  async #page(other: Other, from: number, to: number): Promise<Scanned[] | undefined> {
    const keys = Array.from({ length: to - from + 1 }, (_, i) => segmentKey(other.name, from + i));
    const stored = await this.#context.store.read([writerKey(other.name), ...keys]);
    this.#see(other.name, stored.get(writerKey(other.name)));
    if (!this.#isCurrent(other)) return undefined;
    return scan(this.#context, other.name, [from, to], stored, () => false);
  }

  #isCurrent(other: Other): boolean {
    return !this.#stopped && other.mine && this.#others.get(other.name) === other;
  }

  /** A segment with absent documents stays: their transaction may still be under way, and would lose its segment. */
  async #take({ key, open, absent, unreadable }: Scanned, mover: Mover<D, A>): Promise<boolean> {
    const { policies } = this.#context;
    const stays = unreadable || !policies.mayDelete({ open: 0, absent });
    if (open.length > 0) return mover.add(open, { key, gone: stays ? undefined : () => {} });
    if (!stays) this.#deletions.add(key);
    return true;
  }

  async #retire(other: Other): Promise<void> {
    const directory = this.#directory;
    if (directory === undefined) return;
    const { value, etag } = directory;
    const writers = value.writers.filter((name) => name !== other.name);
    const without = directoryValue({ ...value, revision: value.revision + 1, writers });
    this.#directory = undefined;
    const outcome = await this.#context.store.write([{ key: directoryKey, value: without, etag }]);
    this.#context.observer.event?.('retire', { writer: other.name, outcome });
  }
}
