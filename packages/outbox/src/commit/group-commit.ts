import type { AcceptResult } from '../api.ts';
import { type Context, reasonOf } from '../context.ts';
import type { Writer } from '../membership/writer.ts';
import type { OutboxDocument } from '../ports.ts';
import type { StoredDocument } from '../recovery/segment-scan.ts';
import { takesInsertion } from '../self-test.ts';
import { Loop, Sleeper } from '../util/loop.ts';
import { attemptCommit, type Batch, idsOf, type SegmentRewrite } from './commit-attempt.ts';
import type { DeletionQueue } from './deletion-queue.ts';
import type { QueuedDocument, RequestQueue } from './request-queue.ts';

/** What a batch is written under. */
export interface CommitTarget<D extends OutboxDocument, A> {
  readonly writer: Writer<D, A>;
  /** Segment `n` is in the store and names `ids`. A document is given where it is at hand. */
  committed(n: number, ids: readonly string[], documents: readonly (StoredDocument<D> | undefined)[]): void;
  /** Asks for a beat now. */
  requestHeartbeat(): void;
}

/**
 * Writes documents and the segment that names them, one transaction under way at a time. Legal ways of a batch:
 * not sent, since nobody waits for it any more; sent -> committed; sent -> unclear -> read back -> committed, or sent again
 * under the same number; sent -> refused -> cut in two under new numbers; unclear again and again, although the store takes others -> each document by itself, under
 * new numbers -> set aside; sent or answered under a name that is too old -> sent again under a new name.
 */
export class GroupCommit<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #queue: RequestQueue<D>;
  readonly #deletions: DeletionQueue;
  /** The session to write under; waits for one that is young enough. Undefined when the outbox has stopped. */
  readonly #session: () => Promise<CommitTarget<D, A> | undefined>;
  readonly #sleeper: Sleeper;
  readonly #loop: Loop;
  #rewrites: SegmentRewrite[] = [];
  #rewriteIsNext = false;
  #deleteSince: number | undefined;
  #deletesSingly = false;
  #idle: (() => void)[] = [];
  #busy = false;
  #startedAt = Number.NEGATIVE_INFINITY;

  constructor(
    context: Context<D, A>,
    queue: RequestQueue<D>,
    deletions: DeletionQueue,
    session: () => Promise<CommitTarget<D, A> | undefined>,
  ) {
    this.#context = context;
    this.#queue = queue;
    this.#deletions = deletions;
    this.#session = session;
    this.#sleeper = new Sleeper(context.clock);
    this.#loop = new Loop(
      context.clock,
      () => this.#run(),
      (error) => this.#event('commit-failed', { reason: reasonOf(error) }),
    );
  }

  /** Something waits in the queue or to be deleted. */
  wake(): void {
    this.#loop.wake();
  }

  /** Writes a segment that names `ids`. True once that is confirmed; false when it was given up. */
  rewrite(ids: readonly string[]): Promise<boolean> {
    if (this.#sleeper.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#rewrites.push({ ids, resolve });
      this.#loop.wake();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void> {
    if (!this.#busy && this.#queue.requests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#loop.wake();
    });
  }

  stop(): void {
    this.#sleeper.stop();
    this.#loop.stop();
    for (const move of this.#rewrites) move.resolve(false);
    this.#rewrites = [];
  }

  async #run(): Promise<number | undefined> {
    this.#busy = true;
    try {
      for (let batch = this.#next(); batch !== undefined; batch = this.#next()) await this.#commitOrAbandon(batch);
    } finally {
      this.#busy = false;
    }
    // Never no time at all, even if the pause ran out in between: nobody else wakes the loop.
    if (this.#queue.waiting > 0 && !this.#sleeper.stopped) return Math.max(this.#pauseMs(), 0);
    for (const resolve of this.#idle.splice(0)) resolve();
    return this.#deleteWhenDue();
  }

  /** A transaction costs the same for one document and for many: none follows the last one at once but a full one, or one that is waited for. */
  #pauseMs(): number {
    const { clock, settings } = this.#context;
    if (this.#idle.length > 0 || this.#queue.waiting >= settings.batchDocuments) return 0;
    return this.#startedAt + settings.commitPaceMs - clock.monotonic();
  }

  /** Documents and moves take turns, so that neither waits for the other for long; moves have no pace. */
  #next(): Batch<D> | undefined {
    if (this.#sleeper.stopped) return undefined;
    const documents = this.#queue.waiting > 0 && this.#pauseMs() <= 0;
    const move = this.#rewriteIsNext || !documents ? this.#rewrites.shift() : undefined;
    this.#rewriteIsNext = move === undefined;
    if (move !== undefined) return { items: [], move, attempts: 0 };
    if (!documents) return undefined;
    const items = this.#queue.takeBatch();
    this.#startedAt = this.#context.clock.monotonic();
    items.sort((a, b) => this.#context.policies.compareKeys(a.key, b.key));
    return { items, move: undefined, attempts: 0 };
  }

  async #commitOrAbandon(batch: Batch<D>): Promise<void> {
    try {
      await this.#commit(batch);
    } catch (error) {
      this.#abandon(batch, 'unsent');
      throw error;
    }
  }

  async #commit(batch: Batch<D>): Promise<void> {
    const { settings, policies, clock } = this.#context;
    const startedAt = clock.wall();
    let session: CommitTarget<D, A> | undefined;
    let n: number | undefined;
    for (let backoffMs = settings.commitBackoffMs; ; backoffMs = Math.min(2 * backoffMs, settings.commitBackoffMaxMs)) {
      const current = await this.#session();
      if (current === undefined || (batch.move !== undefined && session !== undefined && current !== session))
        return this.#abandon(batch, 'unsent');
      if (current !== session) n = undefined;
      session = current;
      batch.items = this.#queue.selectSendable(batch.items, policies);
      if (batch.items.length === 0 && batch.move === undefined) return;
      n ??= session.writer.takeNumber();
      if (session.writer.needsNumbers) session.requestHeartbeat();
      if (n !== undefined) {
        const outcome = await attemptCommit(this.#context, this.#deletions, batch, { writer: session.writer.name, n });
        // A late answer proves nothing about who still looks at this name: the batch goes on under a new one.
        if (outcome === 'committed' && !session.writer.isExpired) return this.#finish(batch, session, n, startedAt);
        if (outcome === 'refused' && this.#canCut(batch)) return this.#cut(batch, session, n);
        if (policies.givesUp(batch)) return this.#abandon(batch, 'refused');
        if (await this.#isStubborn(batch)) return this.#separate(batch, session, n);
        await this.#deleteSome();
      }
      await this.#sleeper.sleep(backoffMs);
    }
  }

  #finish(batch: Batch<D>, session: CommitTarget<D, A>, n: number, startedAt: number): void {
    session.writer.numbers.finish(n);
    batch.move?.resolve(true);
    const etag = this.#context.store.etagAfter(undefined);
    const documents = batch.items.map((item) => {
      const stored = item.stored ?? { document: item.document, etag };
      this.#queue.resolve(item, (requested) => this.#accepted(stored, requested));
      return stored === 'unreadable' ? undefined : stored;
    });
    session.committed(n, idsOf(batch), documents);
    if (batch.items.length === 0) return;
    const { observer, clock } = this.#context;
    const created = batch.items.map(({ document }) => document);
    observer.committed?.({ documents: created, startedAt, endedAt: clock.wall(), attempts: batch.attempts });
  }

  #accepted(stored: StoredDocument<D> | 'unreadable', requested: D): AcceptResult<D> {
    if (stored === 'unreadable') return { outcome: 'unknown' };
    return { outcome: this.#context.policies.storeOutcome(stored.document, requested), document: stored.document };
  }

  /** A refusal of a single document that is there already is not about that document. */
  #canCut({ items, move }: Batch<D>): boolean {
    return move !== undefined || items.length > 1 || items[0]?.stored === undefined;
  }

  /**
   * Half of the batch at a time, under new numbers, until the one that spoils it is alone. A refusal says that this attempt
   * wrote nothing; an earlier one may still land.
   */
  async #cut(batch: Batch<D>, { writer }: CommitTarget<D, A>, n: number): Promise<void> {
    if (batch.attempts > 1) writer.markUncertain(n);
    else {
      writer.numbers.finish(n);
      writer.numbers.markMissing(n);
    }
    if (batch.items.length < 2) return this.#abandon(batch, 'refused');
    const half = batch.items.length >> 1;
    await this.#commitAll([batch.items.slice(0, half), batch.items.slice(half)]);
  }

  /** The store has not confirmed it for so long, and takes others: it is about one of these documents. */
  async #isStubborn({ items, attempts }: Batch<D>): Promise<boolean> {
    const { policies, settings, store, random } = this.#context;
    const unstored = items.filter(({ stored }) => stored === undefined).length;
    if (!policies.isolates({ attempts, documents: items.length, unstored }, settings) || this.#deletions.isCrowded)
      return false;
    return takesInsertion(store, random, (key) => this.#deletions.add(key));
  }

  /**
   * What is stored already needs only its segment; of the others each is tried alone. The one that spoils them is set
   * aside: its transactions may still land, so the writer holds on to their numbers.
   */
  async #separate(batch: Batch<D>, { writer }: CommitTarget<D, A>, n: number): Promise<void> {
    writer.markUncertain(n);
    const { items } = batch;
    if (items.length > 1) {
      const stored = items.filter((item) => item.stored !== undefined);
      const others = items.filter((item) => item.stored === undefined);
      return this.#commitAll([...(stored.length > 0 ? [stored] : []), ...others.map((item) => [item])]);
    }
    this.#event('set-aside', { id: items[0]?.id ?? '', attempts: batch.attempts });
    this.#abandon(batch, 'unsent');
  }

  async #commitAll(parts: readonly (readonly QueuedDocument<D>[])[]): Promise<void> {
    for (const items of parts) await this.#commit({ items, move: undefined, attempts: 0 });
  }

  /** `outcome` is that of documents which cannot be stored any more; of the others nothing is known. */
  #abandon(batch: Batch<D>, outcome: 'refused' | 'unsent'): void {
    batch.move?.resolve(false);
    for (const item of batch.items)
      this.#queue.resolve(item, () => ({ outcome: item.maybeStored ? 'unknown' : outcome }));
  }

  async #deleteWhenDue(): Promise<number | undefined> {
    const { clock, settings } = this.#context;
    if (this.#deletions.size === 0 || this.#sleeper.stopped) {
      this.#deleteSince = undefined;
      return undefined;
    }
    this.#deleteSince ??= clock.monotonic();
    const ms = this.#deleteSince + settings.deleteAfterMs - clock.monotonic();
    if (ms > 0 && this.#deletions.size < settings.deleteBatch) return ms;
    this.#deleteSince = undefined;
    if (!(await this.#deleteSome())) return settings.commitBackoffMaxMs;
    return this.#deletions.size > 0 ? 0 : undefined;
  }

  /** A full Redis refuses every transaction, also one that only deletes, and still takes single deletions. */
  async #deleteSome(): Promise<boolean> {
    const keys = this.#deletions.first(this.#context.settings.deleteBatch);
    if (keys.length === 0) return true;
    const done = this.#deletesSingly ? await this.#deleteSingly(keys) : await this.#deleteAtOnce(keys);
    // After a failure the other way is tried, and after singles the cheaper one again.
    this.#deletesSingly = !done && !this.#deletesSingly;
    return done;
  }

  async #deleteAtOnce(keys: readonly string[]): Promise<boolean> {
    const sorted = keys.toSorted(this.#context.policies.compareKeys);
    const done = (await this.#context.store.transact(sorted.map((key) => ({ op: 'delete', key })))) === 'committed';
    if (done) this.#deletions.confirm(keys);
    return done;
  }

  /** For as long as a commit may be kept waiting. */
  async #deleteSingly(keys: readonly string[]): Promise<boolean> {
    const { clock, settings } = this.#context;
    const until = clock.monotonic() + settings.commitBackoffMaxMs;
    for (const key of keys) {
      if (clock.monotonic() >= until) break;
      if ((await this.#context.store.remove(key)) !== 'written') return false;
      this.#deletions.confirm([key]);
    }
    return true;
  }

  #event(name: string, attributes: Readonly<Record<string, string | number>>): void {
    this.#context.observer.event?.(name, attributes);
  }
}
