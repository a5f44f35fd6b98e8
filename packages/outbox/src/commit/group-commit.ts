import type { StoreResult } from '../api.ts';
import { type Context, createLoop } from '../context.ts';
import type { Writer } from '../membership/writer.ts';
import { Pace } from '../pace/pace.ts';
import type { OutboxDocument } from '../ports.ts';
import { acceptsInsertion } from '../self-test.ts';
import type { StoredDocument } from '../stored-documents.ts';
import { type Loop, Sleeper } from '../util/loop.ts';
import { SECOND, timesOf } from '../util/time.ts';
import {
  attemptCommit,
  type Batch,
  COMMIT_BACKOFF_MAX_MS,
  COMMIT_BACKOFF_MS,
  idsOf,
  type SegmentRewrite,
} from './commit-attempt.ts';
import type { DeletionQueue } from './deletion-queue.ts';
import { splitBatch, suspicionOf } from './isolation.ts';
import type { RequestQueue } from './request-queue.ts';
import { SegmentDeleter } from './segment-deleter.ts';

/**
 * A store that accepts no transaction for this long, while it can be read, refuses writes: it is full or read-only. A shorter
 * interruption delays its requests only.
 */
export const REFUSING_AFTER_MS = SECOND;

/** The writer under whose name a batch is committed. */
export interface CommitTarget<D extends OutboxDocument, A> {
  readonly writer: Writer<D, A>;
  /** Segment `n` is stored and names `ids`. Documents that are in memory are passed along. */
  committed(n: number, ids: readonly string[], documents: readonly (StoredDocument<D> | undefined)[]): void;
  /** The document was inserted by a commit of this writer. It may have changed since. */
  inserted(document: D): void;
  /** Requests a heartbeat now, to reserve more segment numbers. */
  requestHeartbeat(): void;
}

/**
 * Stores documents together with the segment that names them. At most one transaction is in progress; documents that
 * arrive meanwhile form the next batch. While processor time is short, the next batch waits a little longer (`Pace`).
 *
 * | state of a batch | entered by | left by |
 * |---|---|---|
 * | sendable | the queue; a split; a new writer name | no request waits for it: dropped; else sent |
 * | sent | an attempt under segment number n | 204: committed; 400: refused; else unknown |
 * | unknown | an error or timeout | all keys read back: committed; else sent again under the same n, after a backoff |
 * | refused | 400 on an unstored document | split into parts under new numbers |
 * | suspected | unknown `isolateAfter` times while the store accepts others | split into parts under new numbers |
 * | set aside | one document alone, refused or suspected | its requests get `refused`, or `unknown` if it may be stored |
 * | committed | 204 or read back, under a name that is not expired | its requests get their results |
 *
 * If the name is expired when the result arrives, other writers may no longer watch it: the batch becomes sendable under a
 * new name. A number whose transaction may still be applied stays reserved (`markUncertain`).
 */
export class GroupCommit<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #queue: RequestQueue<D>;
  readonly #deletions: DeletionQueue;
  readonly #deleter: SegmentDeleter<D, A>;
  /** Resolves to a target that is not expired. Undefined when the outbox has stopped. */
  readonly #target: () => Promise<CommitTarget<D, A> | undefined>;
  readonly #sleeper: Sleeper;
  readonly #loop: Loop;
  readonly #pace: Pace;
  #rewrites: SegmentRewrite[] = [];
  #rewriteIsNext = false;
  #whenDrained: (() => void)[] = [];
  #busy = false;
  #refusesWrites = false;

  constructor(
    context: Context<D, A>,
    queue: RequestQueue<D>,
    deletions: DeletionQueue,
    target: () => Promise<CommitTarget<D, A> | undefined>,
  ) {
    this.#context = context;
    this.#queue = queue;
    this.#deletions = deletions;
    this.#deleter = new SegmentDeleter(context, deletions);
    this.#target = target;
    this.#sleeper = new Sleeper(context.clock);
    this.#pace = new Pace(context);
    this.#loop = createLoop(context, 'commit-failed', () => this.#run());
  }

  /**
   * Whether the store is known to refuse writes. Meanwhile the current batch is sent again and again, so a store that accepts
   * writes again is detected within `COMMIT_BACKOFF_MAX_MS`.
   */
  get refusesWrites(): boolean {
    return this.#refusesWrites;
  }

  /** Starts a run, because a document or a deletion was queued. */
  wake(): void {
    this.#loop.wake();
  }

  /** Writes a segment that names `ids`. Resolves to true once that is confirmed, and to false when it was given up. */
  rewrite(ids: readonly string[]): Promise<boolean> {
    if (this.#sleeper.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#rewrites.push({ ids, resolve });
      this.#loop.wake();
    });
  }

  /** Resolves when no request is queued and no batch is in progress. */
  drained(): Promise<void> {
    if (!this.#busy && this.#queue.requests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenDrained.push(resolve);
      this.#loop.wake();
    });
  }

  /** Starts no further batch and gives up the rewrites that wait. */
  stop(): void {
    this.#sleeper.stop();
    this.#loop.stop();
    for (const { resolve } of this.#rewrites) resolve(false);
    this.#rewrites = [];
  }

  async #run(): Promise<number | undefined> {
    this.#busy = true;
    try {
      for (let batch = this.#next(); batch !== undefined; batch = this.#next()) await this.#commitOrAbandon(batch);
    } finally {
      this.#busy = false;
    }
    // Always return a delay, even 0, when documents wait, because no other event would wake the loop.
    if (this.#queue.waiting > 0 && !this.#sleeper.stopped) return Math.max(this.#pauseMs(), 0);
    for (const resolve of this.#whenDrained.splice(0)) resolve();
    if (!this.#sleeper.stopped) return this.#deleter.deleteDue();
    this.#deleter.reset();
    return undefined;
  }

  /** A full batch, or one for which `drained` waits, is sent immediately. */
  #pauseMs(): number {
    if (this.#whenDrained.length > 0 || this.#queue.waiting >= this.#context.settings.batchDocuments) return 0;
    return this.#pace.pauseMs();
  }

  /** Documents and rewrites take turns, so that neither delays the other for long. Rewrites are not paced. */
  #next(): Batch<D> | undefined {
    if (this.#sleeper.stopped) return undefined;
    const documents = this.#queue.waiting > 0 && this.#pauseMs() <= 0;
    const rewrite = this.#rewriteIsNext || !documents ? this.#rewrites.shift() : undefined;
    this.#rewriteIsNext = rewrite === undefined;
    if (rewrite !== undefined) return { items: [], rewrite, attempts: 0, isolated: false };
    if (!documents) return undefined;
    const items = this.#queue.takeBatch();
    items.sort((a, b) => this.#context.policies.compareKeys(a.key, b.key));
    return { items, rewrite: undefined, attempts: 0, isolated: false };
  }

  async #commitOrAbandon(batch: Batch<D>): Promise<void> {
    const end = batch.rewrite === undefined ? this.#pace.start(batch.items.length) : undefined;
    try {
      await this.#commit(batch);
    } catch (error) {
      this.#abandon(batch, 'unsent');
      throw error;
    } finally {
      this.#setRefusesWrites(false);
      end?.();
    }
  }

  async #commit(batch: Batch<D>): Promise<void> {
    const { settings, policies, clock } = this.#context;
    const startedAt = clock.wall();
    let target: CommitTarget<D, A> | undefined;
    let n: number | undefined;
    let failingSince: number | undefined;
    for (let backoffMs = COMMIT_BACKOFF_MS; ; backoffMs = Math.min(2 * backoffMs, COMMIT_BACKOFF_MAX_MS)) {
      const current = await this.#target();
      if (current === undefined || (batch.rewrite !== undefined && target !== undefined && current !== target))
        return this.#abandon(batch, 'unsent');
      if (current !== target) n = undefined;
      target = current;
      batch.items = this.#queue.selectSendable(batch.items, policies);
      if (batch.items.length === 0 && batch.rewrite === undefined) return;
      n ??= target.writer.takeNumber();
      if (target.writer.needsNumbers) target.requestHeartbeat();
      if (n !== undefined) {
        const outcome = await attemptCommit(this.#context, this.#deletions, batch, { writer: target.writer.name, n });
        if (outcome !== 'committed') {
          const suspicion = suspicionOf(batch, outcome, policies, settings);
          if (suspicion === 'certain') return this.#isolate(batch, target, n, outcome);
          if (policies.givesUp(batch)) return this.#abandon(batch, 'refused');
          failingSince ??= clock.monotonic();
          const mayRefuseAll = batch.readable === true && clock.monotonic() - failingSince >= REFUSING_AFTER_MS;
          if (await this.#isReason(suspicion === 'possible', mayRefuseAll))
            return this.#isolate(batch, target, n, outcome);
        } else if (!target.writer.isExpired) return this.#finish(batch, target, n, startedAt);
        await this.#deleter.deleteSome();
      }
      await this.#sleeper.sleep(backoffMs);
    }
  }

  #finish(batch: Batch<D>, target: CommitTarget<D, A>, n: number, startedAt: number): void {
    this.#setRefusesWrites(false);
    target.writer.numbers.finish(n);
    batch.rewrite?.resolve(true);
    const etag = this.#context.store.etagAfter(undefined);
    const asOf = batch.sentAt ?? timesOf(this.#context.clock);
    const documents = batch.items.map((item) => {
      const stored = item.stored ?? { document: item.document, etag, asOf };
      this.#queue.resolve(item, (requested) => this.#resultOf(stored, requested));
      if (stored === 'unreadable') return undefined;
      if (stored.document.nonce === item.document.nonce) target.inserted(stored.document);
      return stored;
    });
    target.committed(n, idsOf(batch), documents);
    if (batch.items.length === 0) return;
    const { observer, clock } = this.#context;
    const requested = batch.items.map(({ document }) => document);
    const inserted = requested.filter(({ nonce }, index) => documents[index]?.document.nonce === nonce);
    observer.committed?.({
      documents: requested,
      inserted,
      startedAt,
      endedAt: clock.wall(),
      attempts: batch.attempts,
    });
  }

  #resultOf(stored: StoredDocument<D> | 'unreadable', requested: D): StoreResult<D> {
    if (stored === 'unreadable') return { outcome: 'unknown' };
    return { outcome: this.#context.policies.storeOutcome(stored.document, requested), document: stored.document };
  }

  /**
   * Whether a document of the batch is the reason for its failure, because the store accepts another insertion. If the store
   * does not, and the batch has failed for long enough, the store refuses all writes.
   */
  async #isReason(isSuspected: boolean, mayRefuseAll: boolean): Promise<boolean> {
    const { store, random } = this.#context;
    if (this.#deletions.isCrowded || !(isSuspected || (mayRefuseAll && !this.#refusesWrites))) return false;
    const accepts = await acceptsInsertion(store, random, (key) => this.#deletions.add(key));
    if (accepts || mayRefuseAll) this.#setRefusesWrites(!accepts);
    return accepts && isSuspected;
  }

  /** The requests whose documents were not sent yet are answered now. */
  #setRefusesWrites(refuses: boolean): void {
    if (refuses) this.#queue.refuseWaiting();
    if (refuses === this.#refusesWrites) return;
    this.#refusesWrites = refuses;
    this.#context.observer.event?.(refuses ? 'store-refuses-writes' : 'store-accepts-writes', {});
  }

  /**
   * Sends the parts of the batch one after the other, or sets the document aside when it is alone. The refusal of a first
   * attempt proves that the batch was not written under `n`. Any other attempt may still be applied.
   */
  async #isolate(
    { items, rewrite, attempts }: Batch<D>,
    { writer }: CommitTarget<D, A>,
    n: number,
    outcome: 'refused' | 'unknown',
  ): Promise<void> {
    if (outcome === 'refused' && attempts === 1) {
      writer.numbers.finish(n);
      writer.numbers.markMissing(n);
    } else writer.markUncertain(n);
    const parts = splitBatch(items);
    if (parts.length > 1) {
      for (const part of parts) await this.#commit({ items: part, rewrite: undefined, attempts: 0, isolated: true });
      return;
    }
    if (rewrite === undefined && outcome === 'unknown')
      this.#context.observer.event?.('set-aside', { id: items[0]?.id ?? '', attempts });
    this.#abandon({ items, rewrite }, 'refused');
  }

  /** `outcome` is the result of documents that cannot be stored any more. The result of all others is `unknown`. */
  #abandon({ items, rewrite }: Pick<Batch<D>, 'items' | 'rewrite'>, outcome: 'refused' | 'unsent'): void {
    rewrite?.resolve(false);
    for (const item of items) this.#queue.resolve(item, () => ({ outcome: item.maybeStored ? 'unknown' : outcome }));
  }
}
