import type { Clock, Utilization } from '../ports.ts';

/** Maximum time between the starts of two transactions while something waits for the second, in milliseconds. */
export const MAX_PACE_MS = 20;

/** Weight of the last interval in the measured rate of arrivals. */
const RATE_WEIGHT = 0.25;

/** The measurements from which a pace follows. */
export interface PaceInput {
  /** Share of the time in which this process was busy, from 0 to 1. */
  readonly utilization: number;
  /** Duration of the last transaction. */
  readonly lastMs: number;
  /** Items that arrived per millisecond. */
  readonly arrivalsPerMs: number;
}

/**
 * Milliseconds from the start of a transaction to the earliest start of the next one. A transaction costs nearly the same for one
 * item and for a hundred, so a wait saves processor time. That is worth a delay only if processor time is short, and only if
 * other items arrive meanwhile.
 *
 * - Below half of the capacity the pace is shorter than a transaction: the next one starts as soon as the last one has ended.
 * - Above, it grows as the delay of a queue does, u / (1 - u), up to `MAX_PACE_MS`.
 */
export function paceMs({ utilization, lastMs, arrivalsPerMs }: PaceInput): number {
  const busy = Math.min(Math.max(utilization, 0), 1);
  const ms = busy === 1 ? MAX_PACE_MS : Math.min((lastMs * busy) / (1 - busy), MAX_PACE_MS);
  return ms * arrivalsPerMs < 1 ? 0 : ms;
}

/** Measures the transactions of one kind, and paces their starts. */
export class Pace {
  readonly #clock: Clock;
  readonly #utilization: Utilization;
  #startedAt = Number.NEGATIVE_INFINITY;
  #lastMs = 0;
  #arrivalsPerMs = 0;

  constructor({ clock, utilization }: { readonly clock: Clock; readonly utilization: Utilization }) {
    this.#clock = clock;
    this.#utilization = utilization;
  }

  /** A transaction with `items` starts now; they arrived since the last start. Call the result when it has ended. */
  start(items: number): () => void {
    const now = this.#clock.monotonic();
    const arrivalsPerMs = items / Math.max(now - this.#startedAt, 1);
    this.#arrivalsPerMs += RATE_WEIGHT * (arrivalsPerMs - this.#arrivalsPerMs);
    this.#startedAt = now;
    return () => {
      this.#lastMs = this.#clock.monotonic() - now;
    };
  }

  /** Milliseconds until the next transaction should start. Not above 0: now. */
  pauseMs(): number {
    const input = { utilization: this.#utilization(), lastMs: this.#lastMs, arrivalsPerMs: this.#arrivalsPerMs };
    return this.#startedAt + paceMs(input) - this.#clock.monotonic();
  }
}
