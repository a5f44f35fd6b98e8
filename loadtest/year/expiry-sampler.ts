/** A read of one order at a time that is relative to its decision. */
interface Read {
  readonly id: string;
  /** `performance.now()` */
  readonly dueAt: number;
  readonly expected: 'kept' | 'expired';
}

export interface ExpirySample {
  /** Orders that were read twice: within their retention and after it. */
  readonly sampled: number;
  /** Orders that were missing within their retention. */
  readonly missing: readonly string[];
  /** Orders that were still stored long after their retention. */
  readonly remaining: readonly string[];
}

/** Time after the retention within which an order must have expired: several cleanups, and a late confirmation. */
const GRACE_SECONDS = 20;
const SAMPLE_EVERY_MS = 500;

/**
 * Takes one decided order in each half second, and reads it through the service's API: after half of its retention it must be
 * stored, and after twice its retention it must have expired.
 */
export class ExpirySampler {
  readonly #retentionMs: number;
  readonly #isStored: (id: string) => Promise<boolean>;
  readonly #reads: Read[] = [];
  readonly #missing: string[] = [];
  readonly #remaining: string[] = [];
  #sampledAt = Number.NEGATIVE_INFINITY;
  #sampled = 0;

  constructor(retentionSeconds: number, isStored: (id: string) => Promise<boolean>) {
    this.#retentionMs = retentionSeconds * 1_000;
    this.#isStored = isStored;
  }

  decided(id: string, now: number): void {
    if (now < this.#sampledAt + SAMPLE_EVERY_MS) return;
    this.#sampledAt = now;
    this.#reads.push({ id, dueAt: now + this.#retentionMs / 2, expected: 'kept' });
    this.#reads.push({ id, dueAt: now + 2 * this.#retentionMs + GRACE_SECONDS * 1_000, expected: 'expired' });
  }

  /** Reads the orders that are due. Rejects if the service cannot be read. */
  async readDue(now: number): Promise<void> {
    const due = this.#reads.filter(({ dueAt }) => dueAt <= now);
    for (const read of due) {
      this.#reads.splice(this.#reads.indexOf(read), 1);
      const stored = await this.#isStored(read.id);
      if (read.expected === 'expired') this.#sampled++;
      if (read.expected === 'kept' && !stored) this.#missing.push(read.id);
      if (read.expected === 'expired' && stored) this.#remaining.push(read.id);
    }
  }

  result(): ExpirySample {
    return { sampled: this.#sampled, missing: this.#missing, remaining: this.#remaining };
  }
}
