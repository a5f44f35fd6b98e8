import type { StuckDocument } from './api.ts';
import type { Clock } from './ports.ts';
import type { Settings } from './settings.ts';

interface Remembered {
  readonly channels: readonly string[];
  readonly attempts: number;
  readonly since: number;
  readonly triedAt: number;
}

/** Documents that are out of the windows. Bounded: one that is forgotten starts with fresh attempts when it is found again. */
export class Stuck {
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #documents = new Map<string, Remembered>();

  constructor(clock: Clock, settings: Settings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get size(): number {
    return this.#documents.size;
  }

  list(): StuckDocument[] {
    return [...this.#documents].map(([id, { channels, attempts, since }]) => ({ id, channels, attempts, since }));
  }

  add(id: string, channels: readonly string[], attempts: number): void {
    const since = this.#documents.get(id)?.since ?? this.#clock.wall();
    this.#documents.set(id, { channels, attempts, since, triedAt: this.#clock.monotonic() });
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= this.#settings.stuckRemembered) break;
      this.#documents.delete(oldest);
    }
  }

  forget(id: string): void {
    this.#documents.delete(id);
  }

  /** Is it to be left alone for now? Half of the time between two passes, so that a pass that is a bit early counts. */
  rests(id: string): boolean {
    const known = this.#documents.get(id);
    return known !== undefined && this.#clock.monotonic() - known.triedAt < this.#settings.stuckRetryMs / 2;
  }

  /** Attempts that it has used up: one more is left to a stuck document. */
  strikes(id: string): number {
    return this.#documents.has(id) ? this.#settings.attempts - 1 : 0;
  }
}
