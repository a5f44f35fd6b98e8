import type { Clock } from '../ports.ts';

/** Delay before a failed run is repeated. */
const FAILURE_DELAY_MS = 1_000;

/** Delays on a clock. `stop` ends all of them early. */
export class Sleeper {
  readonly #clock: Clock;
  readonly #ends = new Set<() => void>();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Resolves after `ms`, or immediately when the sleeper has stopped. */
  sleep(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#ends.delete(end);
        resolve();
      };
      const cancel = this.#clock.setTimer(ms, end);
      this.#ends.add(end);
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const end of [...this.#ends]) end();
  }
}

/**
 * Repeats `work`, and never runs it twice at the same time. A run starts on `wake`, or after the number of milliseconds
 * that the previous run returned. A failed run is reported and repeated after one second; `wake` does not shorten that delay.
 *
 * | mode | entered by | left by |
 * |---|---|---|
 * | idle | construction, end of a run | `wake` or the timer: running |
 * | running | `wake`, timer | success: idle, or running again if woken meanwhile; failure: failing |
 * | failing | a failed run | the timer: running |
 * | stopped | `stop` | - |
 */
export class Loop {
  readonly #clock: Clock;
  readonly #work: () => Promise<number | undefined>;
  readonly #failed: (error: unknown) => void;
  #cancel: (() => void) | undefined;
  #state: 'idle' | 'running' | 'failing' | 'stopped' = 'idle';
  #again = false;

  constructor(clock: Clock, work: () => Promise<number | undefined>, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#work = work;
    this.#failed = failed;
  }

  /** Starts a run now, or directly after the current run. */
  wake(): void {
    if (this.#state === 'running') this.#again = true;
    if (this.#state === 'idle') this.#run();
  }

  /** Starts no further run. The current run is not interrupted. */
  stop(): void {
    this.#state = 'stopped';
    this.#cancel?.();
  }

  #run(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#state = 'running';
    this.#again = false;
    this.#work().then(
      (ms) => this.#ended(ms),
      (error: unknown) => {
        this.#failed(error);
        if (this.#state === 'stopped') return;
        this.#state = 'failing';
        this.#after(FAILURE_DELAY_MS);
      },
    );
  }

  #ended(ms: number | undefined): void {
    if (this.#state === 'stopped') return;
    this.#state = 'idle';
    if (this.#again) this.#run();
    else if (ms !== undefined) this.#after(ms);
  }

  #after(ms: number): void {
    this.#cancel = this.#clock.setTimer(ms, () => {
      if (this.#state !== 'stopped') this.#run();
    });
  }
}
