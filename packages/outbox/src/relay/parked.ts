import type { ParkedDocument } from '../api.ts';
import type { Policies } from '../policies.ts';
import type { Clock } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { SECOND } from '../util/time.ts';

/** Attempts after which a command is parked. */
export const PARK_AFTER_ATTEMPTS = 8;
/** Maximum number of parked documents remembered. The next pass over the segments finds the others again. */
const MAX_REMEMBERED = 10_000;
/** Minimum time between two acknowledgements after which all parked documents start over. */
const START_OVER_MS = SECOND;

interface Parked {
  readonly createdAt: number;
  readonly channels: readonly string[];
  readonly attempts: number;
  readonly since: number;
  readonly triedAt: number;
  /** Number of retries since the document was parked first. */
  readonly retries: number;
  /** When the document is retried next, on the monotonic clock. Infinity while it is being retried. */
  readonly retryAt: number;
}

/**
 * Documents with commands that are out of the windows. Limited in number: a document beyond the limit starts with a fresh
 * count of attempts when it is found again.
 */
export class ParkedDocuments {
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #policies: Policies;
  readonly #documents = new Map<string, Parked>();
  /** No document is retried before this time. */
  #nextRetryAt = Number.POSITIVE_INFINITY;
  #startedOverAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, settings: Settings, policies: Policies) {
    this.#clock = clock;
    this.#settings = settings;
    this.#policies = policies;
  }

  get size(): number {
    return this.#documents.size;
  }

  [Symbol.iterator](): Iterator<[string, Parked]> {
    return this.#documents.entries();
  }

  /** When this document is retried, on the monotonic clock. Infinity while it is being retried. */
  retryAt(id: string): number | undefined {
    return this.#documents.get(id)?.retryAt;
  }

  /** The parked documents, oldest first. */
  list(): ParkedDocument[] {
    return [...this.#documents].map(([id, { channels, attempts, since }]) => ({ id, channels, attempts, since }));
  }

  /** Parks a document on these channels. */
  add(
    { id, createdAt }: { readonly id: string; readonly createdAt: number },
    channels: readonly string[],
    attempts: number,
  ): void {
    const now = this.#clock.monotonic();
    const known = this.#documents.get(id);
    const since = known?.since ?? this.#clock.wall();
    const retries = known === undefined ? 0 : known.retries + 1;
    const retryAt = now + this.#policies.parkedRetryMs(retries, this.#settings);
    this.#documents.set(id, { createdAt, channels, attempts, since, triedAt: now, retries, retryAt });
    this.#nextRetryAt = Math.min(this.#nextRetryAt, retryAt);
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= MAX_REMEMBERED) break;
      this.remove(oldest);
    }
  }

  /** Milliseconds until the next document is retried. Undefined if there is none. */
  get retryInMs(): number | undefined {
    if (this.due().length > 0) return 0;
    return this.#nextRetryAt === Number.POSITIVE_INFINITY ? undefined : this.#nextRetryAt - this.#clock.monotonic();
  }

  /** Ids of the documents to retry now. Each of them is returned until `retried` or `remove` is called. */
  due(): string[] {
    const now = this.#clock.monotonic();
    if (now < this.#nextRetryAt) return [];
    this.#nextRetryAt = Number.POSITIVE_INFINITY;
    const due: string[] = [];
    for (const [id, { retryAt }] of this.#documents) {
      this.#nextRetryAt = Math.min(this.#nextRetryAt, retryAt);
      if (retryAt <= now) due.push(id);
    }
    return due;
  }

  /** The document gets one attempt now. It stays parked until that is acknowledged. */
  retried(id: string): void {
    const known = this.#documents.get(id);
    if (known === undefined) return;
    const triedAt = this.#clock.monotonic();
    this.#documents.set(id, { ...known, triedAt, retryAt: Number.POSITIVE_INFINITY });
  }

  /**
   * A command of this document is acknowledged on this channel. If it was parked, the receiver answers commands that it did
   * not answer before, so the other documents that are parked on this channel start over with short delays.
   */
  acknowledged(id: string, channel: string): void {
    const now = this.#clock.monotonic();
    if (!this.#documents.get(id)?.channels.includes(channel) || now < this.#startedOverAt + START_OVER_MS) return;
    this.#startedOverAt = now;
    const delayMs = this.#policies.parkedRetryMs(0, this.#settings);
    for (const [other, parked] of this.#documents) {
      if (other === id || !parked.channels.includes(channel) || parked.retryAt === Number.POSITIVE_INFINITY) continue;
      const retryAt = Math.min(parked.retryAt, parked.triedAt + delayMs);
      this.#documents.set(other, { ...parked, retries: 0, retryAt });
      this.#nextRetryAt = Math.min(this.#nextRetryAt, retryAt);
    }
  }

  /** Removes the channels of a document that are not pending any more. */
  keepChannels(id: string, pending: readonly string[]): void {
    const known = this.#documents.get(id);
    if (known === undefined) return;
    const channels = known.channels.filter((channel) => pending.includes(channel));
    if (channels.length === 0) this.remove(id);
    else this.#documents.set(id, { ...known, channels });
  }

  /** Removes a document that is complete, or that is retried. */
  remove(id: string): void {
    this.#documents.delete(id);
  }

  /**
   * Whether a document was parked too recently to be retried: less than half of the time between two passes ago, so that
   * a pass that is slightly early counts.
   */
  isResting(id: string): boolean {
    const known = this.#documents.get(id);
    return known !== undefined && this.#clock.monotonic() - known.triedAt < this.#settings.parkedRetryMs / 2;
  }

  /** Number of attempts that count against a document: a parked one has a single attempt left. */
  failedAttempts(id: string): number {
    return this.#documents.has(id) ? PARK_AFTER_ATTEMPTS - 1 : 0;
  }
}
