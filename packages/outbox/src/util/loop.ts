import type { Clock } from '../ports.ts';

const failureMs = 1_000;

/** Waits on a clock that end early when the owner stops. */
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

  /** Resolves after `ms`, or at once when stopped. */
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
 * Work that is done again and again, never twice at a time: when woken, or after the milliseconds that the last run
 * asked for. A run that fails is reported and repeated a second later, not sooner.
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

  /** Runs now, or right after the run under way. */
  wake(): void {
    if (this.#state === 'running') this.#again = true;
    if (this.#state === 'idle') this.#run();
  }

  /** No run starts from now on; one that is under way goes on to its end. */
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
        this.#after(failureMs);
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
