import type { DeletionQueue } from '../commit/deletion-queue.ts';
import { type Context, reasonOf } from '../context.ts';
import type { Writer } from '../membership/writer.ts';
import type { OutboxDocument } from '../ports.ts';
import type { Relay } from '../relay/relay.ts';
import { segmentKey } from '../storage-format.ts';
import { Loop } from '../util/loop.ts';
import { type ScannedSegment, SegmentRewriter, scanSegments } from './segment-scan.ts';

/** How often the length of the numbers is looked at. */
const checkMs = 10_000;

/**
 * Keeps the numbers of a writer short: segments that are old and nearly done are merged into new ones, so that neither a
 * stuck document nor a backlog of small batches makes the index grow without end.
 */
export class SegmentCompactor<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #writer: Writer<D, A>;
  readonly #relay: Relay<D, A>;
  readonly #deletions: DeletionQueue;
  readonly #move: (ids: readonly string[]) => Promise<boolean>;
  readonly #loop: Loop;
  /** What the next number was at earlier checks: all smaller segments are at least as old. */
  #ages: { readonly at: number; readonly next: number }[] = [];
  #sweptAt = Number.NEGATIVE_INFINITY;
  #sweptLength = 0;
  #stopped = false;

  constructor(
    context: Context<D, A>,
    writer: Writer<D, A>,
    relay: Relay<D, A>,
    deletions: DeletionQueue,
    move: (ids: readonly string[]) => Promise<boolean>,
  ) {
    this.#context = context;
    this.#writer = writer;
    this.#relay = relay;
    this.#deletions = deletions;
    this.#move = move;
    this.#loop = new Loop(
      context.clock,
      () => this.#run(),
      (error) => context.observer.event?.('carry-failed', { reason: reasonOf(error) }),
    );
  }

  start(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#loop.stop();
  }

  async #run(): Promise<number> {
    const { clock, settings } = this.#context;
    const now = clock.monotonic();
    const { numbers } = this.#writer;
    this.#ages.push({ at: now, next: numbers.finishedBelow });
    while (this.#ages[1] !== undefined && now - this.#ages[1].at > settings.compactAgeMs) this.#ages.shift();
    const [old] = this.#ages;
    if (old !== undefined && now - old.at > settings.compactAgeMs && this.#isTooLong(now)) {
      this.#sweptAt = now;
      await this.#sweep(old.next, now - old.at);
      this.#sweptLength = numbers.next - numbers.low;
    }
    return Math.min(checkMs, settings.compactAgeMs / 4);
  }

  /** A sweep that found nothing to merge is not repeated before the numbers has grown by half. */
  #isTooLong(now: number): boolean {
    const { compactRange, compactAgeMs, parkedRetryMs } = this.#context.settings;
    const { low, next } = this.#writer.numbers;
    if (next - low <= compactRange || now - this.#sweptAt < compactAgeMs) return false;
    return next - low > 1.5 * this.#sweptLength || now - this.#sweptAt >= parkedRetryMs;
  }

  async #sweep(end: number, ageMs: number): Promise<void> {
    const { store, settings } = this.#context;
    const { name, numbers } = this.#writer;
    const mover = new SegmentRewriter(this.#context, this.#deletions, this.#move);
    for (let from = numbers.low; from < end && !this.#stopped; from += settings.readBatch) {
      await this.#deletions.whenRoom();
      const page = Array.from({ length: Math.min(settings.readBatch, end - from) }, (_, i) => from + i);
      const stored = await store.read(page.map((n) => segmentKey(name, n)));
      for (const n of page) if (!stored.has(segmentKey(name, n))) numbers.markMissing(n);
      const to = from + page.length - 1;
      const isOpen = (id: string): boolean => this.#relay.entries.has(id);
      for (const segment of await scanSegments(this.#context, name, [from, to], stored, isOpen))
        if (!(await this.#judge(segment, ageMs, mover))) return;
    }
    await mover.flush();
  }

  /** An absent document counts as done here: the commit of this segment is known to be complete. */
  async #judge(
    { n, key, size, open, unreadable }: ScannedSegment,
    ageMs: number,
    mover: SegmentRewriter<D, A>,
  ): Promise<boolean> {
    const { policies, settings } = this.#context;
    const { numbers } = this.#writer;
    if (unreadable || numbers.isUncertain(n)) return true;
    const gone = (): void => numbers.markDeleted(n, size);
    if (policies.mayDeleteSegment({ open: open.length, absent: 0 })) {
      numbers.markDeleting(n);
      this.#deletions.add(key, gone);
    } else if (policies.isCompactable({ open: open.length, ageMs }, settings)) return mover.add(open, { key, gone });
    return true;
  }
}
