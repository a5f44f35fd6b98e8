/** Most deleted numbers remembered out of order; a forgotten one is found missing when it is read. */
const remembered = 20_000;

/** The segment numbers of one writer: which are used, and which are known to be deleted. */
export class SegmentNumbers {
  /** The smallest number not known to be deleted. */
  low = 1;
  /** The next number to use. */
  next = 1;
  /** The batches of all smaller numbers are finished. */
  finishedBelow = 1;
  /** Ids named by segments that are not known to be deleted. */
  openIds = 0;
  readonly #deletedAbove = new Set<number>();
  readonly #deleting = new Set<number>();
  readonly #uncertain = new Set<number>();

  finish(n: number): void {
    this.finishedBelow = Math.max(this.finishedBelow, n + 1);
  }

  /** The batch of `n` was given up, and may still land: `n` is never taken for deleted, and its segment is left alone. */
  markUncertain(n: number): void {
    this.#uncertain.add(n);
    this.finish(n);
  }

  isUncertain(n: number): boolean {
    return this.#uncertain.has(n);
  }

  /** Segment `n` is being deleted; nobody else counts it out until that is confirmed. */
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

  /** Segment `n` is not in the store, though its batch is finished. */
  markMissing(n: number): void {
    if (!this.#isKnown(n) && !this.#deleting.has(n) && !this.isUncertain(n)) this.#skip(n);
  }

  #isKnown(n: number): boolean {
    return n < this.low || n >= this.finishedBelow || this.#deletedAbove.has(n);
  }

  #skip(n: number): void {
    if (n > this.low) {
      if (this.#deletedAbove.size < remembered) this.#deletedAbove.add(n);
      return;
    }
    this.low++;
    while (this.#deletedAbove.delete(this.low)) this.low++;
  }
}
