import type { Deletions } from '../commit/deletion-queue.ts';
import { type Context, reasonOf } from '../context.ts';
import type { Writer } from '../membership/writer.ts';
import type { OutboxDocument } from '../ports.ts';
import type { Relay } from '../relay/relay.ts';
import { segmentKey } from '../storage-format.ts';
import { Loop } from '../util/loop.ts';
import { Mover, type Scanned, scan } from './segment-scan.ts';

/** How often the length of the range is looked at. */
const checkMs = 10_000;

/**
 * Keeps the range of a writer short: segments that are old and nearly done are merged into new ones, so that neither a
 * stuck document nor a backlog of small batches makes the index grow without end.
 */
export class Carry<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #writer: Writer<D, A>;
  readonly #relay: Relay<D, A>;
  readonly #deletions: Deletions;
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
    deletions: Deletions,
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
    const { range } = this.#writer;
    this.#ages.push({ at: now, next: range.settled });
    while (this.#ages[1] !== undefined && now - this.#ages[1].at > settings.carryAgeMs) this.#ages.shift();
    const [old] = this.#ages;
    if (old !== undefined && now - old.at > settings.carryAgeMs && this.#isTooLong(now)) {
      this.#sweptAt = now;
      await this.#sweep(old.next, now - old.at);
      this.#sweptLength = range.next - range.lo;
    }
    return Math.min(checkMs, settings.carryAgeMs / 4);
  }

  /** A sweep that found nothing to merge is not repeated before the range has grown by half. */
  #isTooLong(now: number): boolean {
    const { carryRange, carryAgeMs, stuckRetryMs } = this.#context.settings;
    const { lo, next } = this.#writer.range;
    if (next - lo <= carryRange || now - this.#sweptAt < carryAgeMs) return false;
    return next - lo > 1.5 * this.#sweptLength || now - this.#sweptAt >= stuckRetryMs;
  }

  async #sweep(end: number, ageMs: number): Promise<void> {
    const { store, settings } = this.#context;
    const { name, range } = this.#writer;
    const mover = new Mover(this.#context, this.#deletions, this.#move);
    for (let from = range.lo; from < end && !this.#stopped; from += settings.readBatch) {
      await this.#deletions.room();
      const numbers = Array.from({ length: Math.min(settings.readBatch, end - from) }, (_, i) => from + i);
      const stored = await store.read(numbers.map((n) => segmentKey(name, n)));
      for (const n of numbers) if (!stored.has(segmentKey(name, n))) range.missing(n);
      const to = from + numbers.length - 1;
      const isOpen = (id: string): boolean => this.#relay.entries.has(id);
      for (const segment of await scan(this.#context, name, [from, to], stored, isOpen))
        if (!(await this.#judge(segment, ageMs, mover))) return;
    }
    await mover.flush();
  }

  /** An absent document counts as done here: the commit of this segment is known to be complete. */
  async #judge({ n, key, size, open, unreadable }: Scanned, ageMs: number, mover: Mover<D, A>): Promise<boolean> {
    const { policies, settings } = this.#context;
    const { range } = this.#writer;
    if (unreadable || range.isDoubtful(n)) return true;
    const gone = (): void => range.deleted(n, size);
    if (policies.mayDelete({ open: open.length, absent: 0 })) {
      range.deleting(n);
      this.#deletions.add(key, gone);
    } else if (policies.carries({ open: open.length, ageMs }, settings)) return mover.add(open, { key, gone });
    return true;
  }
}
