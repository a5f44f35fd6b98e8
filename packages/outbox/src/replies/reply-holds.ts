import type { Clock } from '../ports.ts';

/** The documents whose replies wait for another reply to the same document, each for `holdMs` at most. */
export class ReplyHolds {
  readonly #clock: Clock;
  readonly #holdMs: number;
  /** When a hold ends, by document, in the order of these times. */
  readonly #ends = new Map<string, number>();
  #isEnded = false;

  constructor(clock: Clock, holdMs: number) {
    this.#clock = clock;
    this.#holdMs = holdMs;
  }

  /** Whether a reply may be held at all. */
  get isEnabled(): boolean {
    return this.#holdMs > 0 && !this.#isEnded;
  }

  /** A hold that exists already ends when it would have ended. */
  start(id: string): void {
    if (this.isEnabled && !this.#ends.has(id)) this.#ends.set(id, this.#clock.monotonic() + this.#holdMs);
  }

  end(id: string): void {
    this.#ends.delete(id);
  }

  /** Ends all holds. None starts any more. */
  endAll(): void {
    this.#isEnded = true;
    this.#ends.clear();
  }

  has(id: string): boolean {
    return this.#ends.has(id);
  }

  /** Whether the hold of a document has not ended at this time. */
  isHeld(id: string, now: number): boolean {
    return now < (this.#ends.get(id) ?? now);
  }

  /** Milliseconds until the next hold ends. Undefined if there is none. */
  get nextMs(): number | undefined {
    for (const end of this.#ends.values()) return Math.max(end - this.#clock.monotonic(), 0);
    return undefined;
  }
}
