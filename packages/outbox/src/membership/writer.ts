import { SegmentNumbers } from '../commit/segment-numbers.ts';
import type { Context } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import { Heartbeat } from './heartbeat.ts';
import { ensureRegistered } from './registry.ts';

/** One name under which segments are written: its heartbeat, its segment numbers, and whether it may still be used. */
export class Writer<D extends OutboxDocument, A> {
  readonly name: string;
  readonly numbers = new SegmentNumbers();
  readonly #context: Context<D, A>;
  readonly #heartbeat: Heartbeat<D, A>;
  #uncertainSince: number | undefined;

  constructor(context: Context<D, A>, name: string) {
    this.#context = context;
    this.name = name;
    this.#heartbeat = new Heartbeat(context, name);
  }

  /** Segment numbers below this limit are reserved. */
  get limit(): number {
    return this.#heartbeat.limit;
  }

  /** Inserts the record and adds the name to the registry. May be repeated. Throws when the store is down. */
  async register(): Promise<void> {
    await this.#heartbeat.insert();
    await this.ensureRegistered();
  }

  /** Confirms that this writer is live, and reserves numbers. Throws when that could not be confirmed. */
  async beat(): Promise<void> {
    await this.#write(false);
  }

  /** Marks the writer as left, so that others take over before its heartbeat ages. Throws when that failed. */
  async leave(): Promise<void> {
    await this.#write(true);
  }

  /** Adds the name to the registry unless it is there. Returns whether it was missing. Throws when the store is down. */
  ensureRegistered(): Promise<boolean> {
    return ensureRegistered(this.#context.store, this.name);
  }

  /** The last confirmed heartbeat is too old to send, or to acknowledge, anything under this name. */
  get isExpired(): boolean {
    return this.#heartbeat.isExpired;
  }

  /** The batch of number `n` was given up and may still be applied. */
  markUncertain(n: number): void {
    const { policies, clock } = this.#context;
    if (policies.dropsUncertain()) this.numbers.finish(n);
    else {
      this.numbers.markUncertain(n);
      this.#uncertainSince ??= clock.monotonic();
    }
  }

  /**
   * Segments of this name may have been written that this writer does not process. The name must be replaced, so that
   * others take it over like the name of a process that died during its transaction. This waits for `uncertainMs`,
   * because every replaced name is watched for a day.
   */
  get mustBeReplaced(): boolean {
    const { clock, settings } = this.#context;
    return this.#uncertainSince !== undefined && clock.monotonic() - this.#uncertainSince > settings.uncertainMs;
  }

  /** The next segment number. Undefined while none is reserved. */
  takeNumber(): number | undefined {
    if (!this.#context.policies.mayUseNumber(this.numbers.next, this.limit)) return undefined;
    return this.numbers.next++;
  }

  /** Less than half of the reserved numbers are left, so a heartbeat is needed before the next regular one. */
  get needsNumbers(): boolean {
    return this.limit - this.numbers.next < this.#context.settings.reservedNumbers / 2;
  }

  #write(left: boolean): Promise<void> {
    const { low, next } = this.numbers;
    return this.#heartbeat.write({ low, next, left });
  }
}
