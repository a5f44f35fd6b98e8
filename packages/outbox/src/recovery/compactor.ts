import type { DeletionQueue } from '../commit/deletion-queue.ts';
import { type Context, createLoop } from '../context.ts';
import type { Writer } from '../membership/writer.ts';
import type { OutboxDocument } from '../ports.ts';
import type { Relay } from '../relay/relay.ts';
import { segmentKey } from '../storage-format.ts';
import type { Loop } from '../util/loop.ts';
import { MINUTE, SECOND } from '../util/time.ts';
import { type CommitSegment, SegmentRewriter } from './segment-rewriter.ts';
import { type ScannedSegment, scanSegments } from './segment-scan.ts';

/** Time between two checks of the length of the range. */
const CHECK_MS = 10 * SECOND;
/** Only segments older than this are compacted. */
const MIN_AGE_MS = MINUTE;

/**
 * Keeps the range of a writer's segment numbers short. It merges old segments with few open documents into new ones, so
 * that neither a parked document nor a backlog of small batches lets the index grow without limit.
 */
export class SegmentCompactor<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #writer: Writer<D, A>;
  readonly #relay: Relay<D, A>;
  readonly #deletions: DeletionQueue;
  readonly #commitSegment: CommitSegment;
  readonly #loop: Loop;
  /** The next number at earlier checks. All smaller segments are at least as old as the check. */
  #ages: { readonly at: number; readonly next: number }[] = [];
  #sweptAt = Number.NEGATIVE_INFINITY;
  #sweptLength = 0;
  #stopped = false;

  constructor(
    context: Context<D, A>,
    writer: Writer<D, A>,
    relay: Relay<D, A>,
    deletions: DeletionQueue,
    commitSegment: CommitSegment,
  ) {
    this.#context = context;
    this.#writer = writer;
    this.#relay = relay;
    this.#deletions = deletions;
    this.#commitSegment = commitSegment;
    this.#loop = createLoop(context, 'compaction-failed', () => this.#run());
  }

  start(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#loop.stop();
  }

  async #run(): Promise<number> {
    const now = this.#context.clock.monotonic();
    const { numbers } = this.#writer;
    this.#ages.push({ at: now, next: numbers.finishedBelow });
    while (this.#ages[1] !== undefined && now - this.#ages[1].at > MIN_AGE_MS) this.#ages.shift();
    const [old] = this.#ages;
    if (old !== undefined && now - old.at > MIN_AGE_MS && this.#isTooLong(now)) {
      this.#sweptAt = now;
      await this.#sweep(old.next, now - old.at);
      this.#sweptLength = numbers.next - numbers.low;
    }
    return CHECK_MS;
  }

  /** A sweep that found little to merge is repeated when the range has grown by half, or after `parkedRetryMs`. */
  #isTooLong(now: number): boolean {
    const { compactRange, parkedRetryMs } = this.#context.settings;
    const { low, next } = this.#writer.numbers;
    if (next - low <= compactRange || now - this.#sweptAt < MIN_AGE_MS) return false;
    return next - low > 1.5 * this.#sweptLength || now - this.#sweptAt >= parkedRetryMs;
  }

  async #sweep(end: number, ageMs: number): Promise<void> {
    const { entryReader, settings } = this.#context;
    const { name, numbers } = this.#writer;
    const rewriter = new SegmentRewriter(this.#context, this.#deletions, this.#commitSegment);
    for (let from = numbers.low; from < end && !this.#stopped; from += settings.readBatch) {
      await this.#deletions.whenRoom();
      const page = Array.from({ length: Math.min(settings.readBatch, end - from) }, (_, i) => from + i);
      const stored = await entryReader.read(page.map((n) => segmentKey(name, n)));
      for (const n of page) if (!stored.has(segmentKey(name, n))) numbers.markMissing(n);
      const to = from + page.length - 1;
      const isOpen = (id: string): boolean => this.#relay.entries.has(id);
      for (const segment of await scanSegments(this.#context, name, [from, to], stored, isOpen))
        if (!(await this.#compact(segment, ageMs, rewriter))) return;
    }
    await rewriter.flush();
  }

  /** An absent document counts as complete here, because the commit of this segment is known to be finished. */
  async #compact(
    { n, key, size, open, unreadable }: ScannedSegment,
    ageMs: number,
    rewriter: SegmentRewriter<D, A>,
  ): Promise<boolean> {
    const { policies, settings } = this.#context;
    const { numbers } = this.#writer;
    if (unreadable || numbers.isUncertain(n)) return true;
    const onDeleted = (): void => numbers.markDeleted(n, size);
    if (policies.mayDeleteSegment({ open: open.length, absent: 0 })) {
      numbers.markDeleting(n);
      this.#deletions.add(key, onDeleted);
    } else if (open.length <= settings.compactMaxOpen && ageMs > MIN_AGE_MS)
      return rewriter.add(open, { key, onDeleted });
    return true;
  }
}
