import type { Clock } from '../ports.ts';

interface Observation {
  readonly value: string;
  /** First observation of this value, on the observer's monotonic clock. */
  readonly since: number;
}

/**
 * Measures how long observed values have not changed, on the observer's own monotonic clock. The owner of a value changes it with
 * each heartbeat; its clock is not compared, so clock skew between processes has no effect.
 */
export class StalenessDetector {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #observations = new Map<string, Observation>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Records the current value of a key. Returns true if the value is new or has changed. */
  observe(key: string, value: string): boolean {
    if (this.#observations.get(key)?.value === value) return false;
    this.#observations.set(key, { value, since: this.#clock.monotonic() });
    return true;
  }

  /** Milliseconds since the first observation of the current value; 0 for a key without one. */
  unchangedMs(key: string): number {
    const observation = this.#observations.get(key);
    return observation === undefined ? 0 : this.#clock.monotonic() - observation.since;
  }

  /** Drops all other keys. */
  retain(keys: readonly string[]): void {
    const retained = new Set(keys);
    for (const key of this.#observations.keys()) if (!retained.has(key)) this.#observations.delete(key);
  }
}
