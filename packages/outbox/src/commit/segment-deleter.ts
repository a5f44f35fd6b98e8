import type { Context } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import { SECOND } from '../util/time.ts';
import { COMMIT_BACKOFF_MAX_MS } from './commit-attempt.ts';
import type { DeletionQueue } from './deletion-queue.ts';

/** How long deletions wait for a commit that can include them. */
const DELETE_AFTER_MS = SECOND;

/** Deletes queued segments that no commit has deleted in time, or while no commit succeeds. */
export class SegmentDeleter<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #queue: DeletionQueue;
  #waitingSince: number | undefined;
  #singly = false;

  constructor(context: Context<D, A>, queue: DeletionQueue) {
    this.#context = context;
    this.#queue = queue;
  }

  /** Resets the time for which the queue has waited. */
  reset(): void {
    this.#waitingSince = undefined;
  }

  /** Deletes segments when they are due, and returns the milliseconds after which it must be called again. Undefined: not needed. */
  async deleteDue(): Promise<number | undefined> {
    const { clock, settings } = this.#context;
    if (this.#queue.size === 0) {
      this.reset();
      return undefined;
    }
    this.#waitingSince ??= clock.monotonic();
    const ms = this.#waitingSince + DELETE_AFTER_MS - clock.monotonic();
    if (ms > 0 && this.#queue.size < settings.deleteBatch) return ms;
    this.reset();
    if (!(await this.deleteSome())) return COMMIT_BACKOFF_MAX_MS;
    return this.#queue.size > 0 ? 0 : undefined;
  }

  /**
   * Deletes one batch. A full Redis refuses every transaction, even one that only deletes, but still accepts single
   * deletions. After a failure the next call uses the other way. After single deletions it uses a transaction again,
   * which is cheaper.
   */
  async deleteSome(): Promise<boolean> {
    const keys = this.#queue.first(this.#context.settings.deleteBatch);
    if (keys.length === 0) return true;
    const done = this.#singly ? await this.#deleteSingly(keys) : await this.#deleteTogether(keys);
    this.#singly = !done && !this.#singly;
    return done;
  }

  async #deleteTogether(keys: readonly string[]): Promise<boolean> {
    const { store, policies } = this.#context;
    const sorted = keys.toSorted(policies.compareKeys);
    const done = (await store.transact(sorted.map((key) => ({ op: 'delete', key })))) === 'committed';
    if (done) this.#queue.confirm(keys);
    return done;
  }

  /** Stops early, so that a commit waits no longer than the maximum backoff. */
  async #deleteSingly(keys: readonly string[]): Promise<boolean> {
    const { clock, store } = this.#context;
    const until = clock.monotonic() + COMMIT_BACKOFF_MAX_MS;
    for (const key of keys) {
      if (clock.monotonic() >= until) break;
      if ((await store.remove(key)) !== 'written') return false;
      this.#queue.confirm([key]);
    }
    return true;
  }
}
