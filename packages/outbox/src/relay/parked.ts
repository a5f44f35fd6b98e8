import type { ParkedDocument } from '../api.ts';
import type { Clock } from '../ports.ts';
import type { Settings } from '../settings.ts';

interface Parked {
  readonly channels: readonly string[];
  readonly attempts: number;
  readonly since: number;
  readonly triedAt: number;
}

/**
 * Documents with commands that are out of the windows. Bounded: one that is forgotten starts with fresh attempts when it is
 * found again.
 */
export class ParkedDocuments {
  /** Given up while nobody was answered, and others are answered now: it was not about these. */
  readonly retryable = new Set<string>();
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #documents = new Map<string, Parked>();
  /** By channel, when those were sent last that nobody sent after was answered either. */
  readonly #unanswered = new Map<string, Map<string, number>>();

  constructor(clock: Clock, settings: Settings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get size(): number {
    return this.#documents.size;
  }

  list(): ParkedDocument[] {
    return [...this.#documents].map(([id, { channels, attempts, since }]) => ({ id, channels, attempts, since }));
  }

  add(id: string, channels: readonly string[], attempts: number): void {
    const since = this.#documents.get(id)?.since ?? this.#clock.wall();
    this.#documents.set(id, { channels, attempts, since, triedAt: this.#clock.monotonic() });
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= this.#settings.parkedRemembered) break;
      this.remove(oldest);
    }
  }

  /** Nothing that was sent on this channel at `sentAt` or later has been answered. */
  addUnanswered(id: string, channel: string, sentAt: number): void {
    const silent = this.#unanswered.get(channel) ?? new Map<string, number>();
    this.#unanswered.set(channel, silent.set(id, sentAt));
  }

  /** What was sent at `sentAt` is answered: the silence is over for what was sent before. True when that concerns anybody. */
  acknowledged(channel: string, sentAt: number): boolean {
    const silent = this.#unanswered.get(channel);
    for (const [id, lastSentAt] of silent ?? []) {
      if (lastSentAt >= sentAt) continue;
      silent?.delete(id);
      this.retryable.add(id);
    }
    return this.retryable.size > 0;
  }

  /** Of its channels only these are still unanswered. */
  keepChannels(id: string, missing: readonly string[]): void {
    const known = this.#documents.get(id);
    if (known === undefined) return;
    const channels = known.channels.filter((channel) => missing.includes(channel));
    if (channels.length === 0) this.remove(id);
    else this.#documents.set(id, { ...known, channels });
  }

  remove(id: string): void {
    this.#documents.delete(id);
    this.retryable.delete(id);
    for (const silent of this.#unanswered.values()) silent.delete(id);
  }

  /** Is it to be left alone for now? Half of the time between two passes, so that a pass that is a bit early counts. */
  isResting(id: string): boolean {
    const known = this.#documents.get(id);
    return known !== undefined && this.#clock.monotonic() - known.triedAt < this.#settings.parkedRetryMs / 2;
  }

  /** Attempts that it has used up: one more is left to a stuck document. */
  failedAttempts(id: string): number {
    return this.#documents.has(id) ? this.#settings.attempts - 1 : 0;
  }
}
