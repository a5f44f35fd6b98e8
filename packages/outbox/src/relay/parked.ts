import type { ParkedDocument } from '../api.ts';
import type { Clock } from '../ports.ts';
import type { Settings } from '../settings.ts';

/** Attempts after which a command is parked. */
export const PARK_AFTER_ATTEMPTS = 8;
/** Maximum number of parked documents remembered. The next pass over the segments finds the others again. */
const MAX_REMEMBERED = 10_000;

interface Parked {
  readonly channels: readonly string[];
  readonly attempts: number;
  readonly since: number;
  readonly triedAt: number;
}

/**
 * Documents with commands that are out of the windows. Limited in number: a document beyond the limit starts with a fresh
 * count of attempts when it is found again.
 */
export class ParkedDocuments {
  /** Ids of documents parked during a full outage of their channel that has since ended. They are retried now. */
  readonly retryable = new Set<string>();
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #documents = new Map<string, Parked>();
  /** Per channel: last send time of each document parked while no later command had been acknowledged. */
  readonly #unanswered = new Map<string, Map<string, number>>();

  constructor(clock: Clock, settings: Settings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get size(): number {
    return this.#documents.size;
  }

  /** The parked documents, oldest first. */
  list(): ParkedDocument[] {
    return [...this.#documents].map(([id, { channels, attempts, since }]) => ({ id, channels, attempts, since }));
  }

  /** Parks a document on these channels. */
  add(id: string, channels: readonly string[], attempts: number): void {
    const since = this.#documents.get(id)?.since ?? this.#clock.wall();
    this.#documents.set(id, { channels, attempts, since, triedAt: this.#clock.monotonic() });
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= MAX_REMEMBERED) break;
      this.remove(oldest);
    }
  }

  /** No command that was sent on this channel at `sentAt` or later is acknowledged. */
  addUnanswered(id: string, channel: string, sentAt: number): void {
    const unanswered = this.#unanswered.get(channel) ?? new Map<string, number>();
    this.#unanswered.set(channel, unanswered.set(id, sentAt));
  }

  /** A command sent at `sentAt` is acknowledged, so the outage is over for documents sent before. True if any is retryable. */
  acknowledged(channel: string, sentAt: number): boolean {
    const unanswered = this.#unanswered.get(channel);
    for (const [id, lastSentAt] of unanswered ?? []) {
      if (lastSentAt >= sentAt) continue;
      unanswered?.delete(id);
      this.retryable.add(id);
    }
    return this.retryable.size > 0;
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
    this.retryable.delete(id);
    for (const unanswered of this.#unanswered.values()) unanswered.delete(id);
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
