/** Maximum number of deleted segment numbers remembered out of order. A forgotten one is found missing when it is read. */
const MAX_REMEMBERED = 20_000;

/**
 * The segment numbers of one writer: which are used, and which are known to be deleted.
 *
 * | number | entered by | left by |
 * |---|---|---|
 * | unused | - | taken by a batch: `next` |
 * | in use | `next` | `finish` or `markUncertain` |
 * | finished | `finish` | `markDeleting`, or `markMissing` when the segment is not in the store |
 * | uncertain | `markUncertain` | never: only a takeover of this writer's name looks at it |
 * | deleting | `markDeleting` | `markDeleted` |
 * | deleted | `markDeleted`, `markMissing` | - |
 */
export class SegmentNumbers {
  /** The smallest number not known to be deleted. */
  low = 1;
  /** The next number to use. */
  next = 1;
  /** The batches of all smaller numbers are finished. */
  finishedBelow = 1;
  /** Number of ids in segments that are not known to be deleted. */
  openIds = 0;
  readonly #deletedAbove = new Set<number>();
  readonly #deleting = new Set<number>();
  readonly #uncertain = new Set<number>();

  /** The batch of `n` is finished. */
  finish(n: number): void {
    this.finishedBelow = Math.max(this.finishedBelow, n + 1);
  }

  /** The batch of `n` was given up, and may still be applied. `n` never counts as deleted, and its segment is not touched. */
  markUncertain(n: number): void {
    this.#uncertain.add(n);
    this.finish(n);
  }

  /** Whether the batch of `n` was given up and may still be applied. */
  isUncertain(n: number): boolean {
    return this.#uncertain.has(n);
  }

  /** The deletion of segment `n` is queued. Until it is confirmed, `markMissing` has no effect on `n`. */
  markDeleting(n: number): void {
    this.#deleting.add(n);
  }

  /** The deletion of segment `n`, which named `size` ids, is confirmed. */
  markDeleted(n: number, size: number): void {
    this.#deleting.delete(n);
    if (this.#isKnown(n)) return;
    this.openIds = Math.max(this.openIds - size, 0);
    this.#skip(n);
  }

  /** Segment `n` is not in the store although its batch is finished, so another writer has deleted it. */
  markMissing(n: number): void {
    if (!this.#isKnown(n) && !this.#deleting.has(n) && !this.isUncertain(n)) this.#skip(n);
  }

  #isKnown(n: number): boolean {
    return n < this.low || n >= this.finishedBelow || this.#deletedAbove.has(n);
  }

  #skip(n: number): void {
    if (n > this.low) {
      if (this.#deletedAbove.size < MAX_REMEMBERED) this.#deletedAbove.add(n);
      return;
    }
    this.low++;
    while (this.#deletedAbove.delete(this.low)) this.low++;
  }
}
