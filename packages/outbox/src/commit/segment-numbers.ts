/** Most deleted numbers remembered out of order; a forgotten one is found missing when it is read. */
const remembered = 20_000;

/** The segment numbers of one writer: which are used, and which are known to be deleted. */
export class Range {
  /** The smallest number not known to be deleted. */
  lo = 1;
  /** The next number to use. */
  next = 1;
  /** The batches of all smaller numbers are finished. */
  settled = 1;
  /** Ids named by segments that are not known to be deleted. */
  named = 0;
  readonly #gone = new Set<number>();
  readonly #deleting = new Set<number>();
  readonly #doubtful = new Set<number>();

  finish(n: number): void {
    this.settled = Math.max(this.settled, n + 1);
  }

  /** The batch of `n` was given up, and may still land: `n` is never taken for deleted, and its segment is left alone. */
  doubt(n: number): void {
    this.#doubtful.add(n);
    this.finish(n);
  }

  isDoubtful(n: number): boolean {
    return this.#doubtful.has(n);
  }

  /** Segment `n` is being deleted; nobody else counts it out until that is confirmed. */
  deleting(n: number): void {
    this.#deleting.add(n);
  }

  /** The deletion of segment `n`, which named `size` ids, is confirmed. */
  deleted(n: number, size: number): void {
    this.#deleting.delete(n);
    if (this.#isKnown(n)) return;
    this.named = Math.max(this.named - size, 0);
    this.#skip(n);
  }

  /** Segment `n` is not in the store, though its batch is finished. */
  missing(n: number): void {
    if (!this.#isKnown(n) && !this.#deleting.has(n) && !this.isDoubtful(n)) this.#skip(n);
  }

  #isKnown(n: number): boolean {
    return n < this.lo || n >= this.settled || this.#gone.has(n);
  }

  #skip(n: number): void {
    if (n > this.lo) {
      if (this.#gone.size < remembered) this.#gone.add(n);
      return;
    }
    this.lo++;
    while (this.#gone.delete(this.lo)) this.lo++;
  }
}
