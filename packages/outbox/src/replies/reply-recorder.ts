import type { RecordResult } from '../api.ts';
import { type Context, createLoop } from '../context.ts';
import { Pace } from '../pace/pace.ts';
import type { OutboxDocument, Stored } from '../ports.ts';
import { writeItemOf } from '../retention/write-item.ts';
import { documentKey } from '../storage-format.ts';
import { isOutdated } from '../stored-documents.ts';
import { reasonOf } from '../util/errors.ts';
import type { Loop } from '../util/loop.ts';
import { SECOND, type Times, timesOf } from '../util/time.ts';
import { applyReply } from './apply-reply.ts';
import type { ReplyRecorderOwner } from './owner.ts';
import type { Batch, Change, QueuedReply } from './queued-reply.ts';
import { ReplyHolds } from './reply-holds.ts';

/** Maximum number of replies that wait. */
const MAX_QUEUED = 16_384;
/** How often a reply is written before `record` rejects. */
const MAX_ATTEMPTS = 8;
/** After a conflict, every document is read for this long before a reply is recorded in it. */
export const READ_ALL_MS = 10 * SECOND;

/**
 * Records replies in their documents. Replies that wait for the same document are merged. At most `replyWrites` writes are in
 * progress at a time, of different documents, while the documents of the next write are read. A reply that loses a conflict is
 * applied again.
 *
 * It is correct on any number of replicas, because each document is written with its ETag. A document that this process
 * has in memory is not read again, with two exceptions. After a conflict another replica works on the same documents, so the
 * copies in memory are likely to be old. A copy that is too old to be written (`mayWrite`) may be of an expired document.
 *
 * A reply whose change no reader awaits is held for up to `holdMs`: with the next reply to its document it costs one write.
 * With `answerHeld`, `record` resolves as soon as a reply is held. If this process ends before the write, the reply is lost as a
 * lost message is: its command is pending in the stored document, and is sent again.
 */
export class ReplyRecorder<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #owner: ReplyRecorderOwner<D>;
  readonly #reads: Loop;
  readonly #writes: readonly Loop[];
  readonly #waiting = new Map<string, QueuedReply<D, A>[]>();
  #size = 0;
  readonly #holds: ReplyHolds;
  readonly #pace: Pace;
  /** Read, to be written next. */
  #next: Batch<D, A> | undefined;
  /** Ids of documents being read or written. They are not read again before the outcome is known. */
  readonly #busy = new Set<string>();
  /** Until then every document is read. */
  #readUntil = Number.NEGATIVE_INFINITY;
  #onIdle: (() => void) | undefined;

  constructor(context: Context<D, A>, owner: ReplyRecorderOwner<D>) {
    this.#context = context;
    this.#owner = owner;
    this.#holds = new ReplyHolds(context.clock, context.settings.holdMs);
    this.#pace = new Pace(context);
    this.#reads = createLoop(context, 'record-failed', () => this.#readAll());
    this.#writes = Array.from({ length: context.settings.replyWrites }, () =>
      createLoop(context, 'record-failed', () => this.#writeAll()),
    );
  }

  /** Resolves when the reply is recorded, ignored, or held and answered. Rejects when the store fails or the queue is full. */
  record(id: string, reply: A): Promise<RecordResult<D>> {
    if (this.#size >= MAX_QUEUED) return Promise.reject(new Error('the queue of replies is full'));
    return new Promise((resolve, reject) => {
      this.#enqueue({ id, reply, resolve, reject, attempts: 0, maybeStored: false, maybeCompleted: false });
      if (this.#context.settings.answerHeld && this.#holds.has(id)) this.#answerHeld(id);
      this.#reads.wake();
    });
  }

  /** Holds no reply any more. Resolves when every reply so far is recorded, or could not be. */
  flush(): Promise<void> {
    this.#holds.endAll();
    this.#reads.wake();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#waiting.size === 0 && this.#busy.size === 0) this.#onIdle?.();
  }

  #answerHeld(id: string): void {
    const replies = this.#waiting.get(id) ?? [];
    const document = this.#applyToKnown(id, replies)?.document;
    if (document !== undefined) for (const { resolve } of replies) resolve({ recorded: true, document });
  }

  #enqueue(reply: QueuedReply<D, A>): void {
    const replies = this.#waiting.get(reply.id);
    if (replies === undefined) this.#waiting.set(reply.id, [reply]);
    else replies.push(reply);
    this.#size++;
    this.#holdOrRelease(reply.id);
  }

  /** The hold of a document's replies ends when one of them is awaited, at the latest `holdMs` after the first. */
  #holdOrRelease(id: string): void {
    if (!this.#holds.isEnabled) return;
    if (this.#mayHold(id)) this.#holds.start(id);
    else this.#holds.end(id);
  }

  /** A document that is being written is about to change, so the effect of another reply to it is not known yet. */
  #mayHold(id: string): boolean {
    const replies = this.#waiting.get(id) ?? [];
    const before = this.#busy.has(id) ? undefined : this.#owner.known(id)?.document;
    const after = this.#applyToKnown(id, replies)?.document;
    if (before === undefined || after === undefined) return false;
    return this.#context.handler.isAwaited?.(before, after) === false;
  }

  async #readAll(): Promise<number | undefined> {
    while (this.#next === undefined) {
      const pauseMs = this.#pauseMs();
      if (pauseMs > 0) return pauseMs;
      const batch = this.#takeBatch();
      if (batch.size === 0) return this.#holds.nextMs;
      const end = this.#pace.start(batch.size);
      const changes = await this.#changesOf(batch).catch((error: unknown) => {
        for (const replies of batch.values()) for (const { reject } of replies) reject(new Error(reasonOf(error)));
        return [];
      });
      for (const id of batch.keys()) this.#busy.delete(id);
      for (const { id } of changes) this.#busy.add(id);
      if (changes.length > 0) this.#next = { changes, end };
      for (const write of this.#writes) write.wake();
      this.#checkIdle();
    }
    return undefined;
  }

  #pauseMs(): number {
    if (this.#waiting.size === 0 || this.#waiting.size >= this.#context.settings.replyBatch) return 0;
    return this.#pace.pauseMs();
  }

  #takeBatch(): Map<string, QueuedReply<D, A>[]> {
    const batch = new Map<string, QueuedReply<D, A>[]>();
    for (const [id, replies] of this.#ready()) {
      if (batch.size === this.#context.settings.replyBatch) break;
      batch.set(id, replies);
      this.#take(id, replies);
    }
    return batch;
  }

  /** Takes the replies that join a batch when its write starts: replies that need no read, while the batch has room. */
  #takeKnown({ changes }: Batch<D, A>): Change<D, A>[] {
    const { joinWrites, replyBatch } = this.#context.settings;
    const joined: Change<D, A>[] = [];
    for (const [id, replies] of joinWrites ? this.#ready() : []) {
      if (changes.length + joined.length === replyBatch) break;
      const change = this.#applyToKnown(id, replies);
      if (change === undefined) continue;
      joined.push(change);
      this.#take(id, replies);
    }
    return joined;
  }

  /** The replies of documents that are neither busy nor held. */
  *#ready(): Iterable<[string, QueuedReply<D, A>[]]> {
    const now = this.#context.clock.monotonic();
    for (const entry of this.#waiting) {
      const [id] = entry;
      if (!this.#busy.has(id) && !this.#holds.isHeld(id, now)) yield entry;
    }
  }

  #take(id: string, replies: readonly QueuedReply<D, A>[]): void {
    this.#waiting.delete(id);
    this.#holds.end(id);
    this.#busy.add(id);
    this.#size -= replies.length;
  }

  /** The documents that change. */
  async #changesOf(batch: ReadonlyMap<string, readonly QueuedReply<D, A>[]>): Promise<Change<D, A>[]> {
    const changes: Change<D, A>[] = [];
    const unknown = new Map<string, readonly QueuedReply<D, A>[]>();
    for (const [id, replies] of batch) {
      const change = this.#applyToKnown(id, replies);
      if (change === undefined) unknown.set(id, replies);
      else changes.push(change);
    }
    if (unknown.size === 0) return changes;
    const asOf = timesOf(this.#context.clock);
    const found = await this.#context.entryReader.read([...unknown.keys()].map(documentKey));
    for (const [id, replies] of unknown) {
      const change = this.#applyToStored(id, replies, found.get(documentKey(id)), asOf);
      if (change !== undefined && change.applied.length > 0) changes.push(change);
    }
    return changes;
  }

  /** Uses the document in memory if every reply changes it. Whether a reply is ignored must be decided on a fresh read. */
  #applyToKnown(id: string, replies: readonly QueuedReply<D, A>[]): Change<D, A> | undefined {
    const known = this.#context.clock.monotonic() < this.#readUntil ? undefined : this.#owner.known(id);
    if (known?.etag === undefined || isOutdated(this.#context, known.asOf)) return undefined;
    let { document } = known;
    for (const { reply, maybeStored } of replies) {
      const result = maybeStored ? undefined : applyReply(this.#context, document, reply);
      if (result === undefined || !('document' in result)) return undefined;
      document = result.document;
    }
    return { id, etag: known.etag, asOf: known.asOf, document, applied: replies };
  }

  #applyToStored(
    id: string,
    replies: readonly QueuedReply<D, A>[],
    stored: Stored | undefined,
    asOf: Times,
  ): Change<D, A> | undefined {
    if (stored === undefined) return this.#ignoreAll(replies, 'no-such-document');
    let document: D;
    try {
      document = this.#context.handler.parse(stored.value);
    } catch {
      return this.#ignoreAll(replies, 'document-unreadable');
    }
    const applied: QueuedReply<D, A>[] = [];
    let completed = false;
    for (const queued of replies) {
      const result = applyReply(this.#context, document, queued.reply);
      if ('document' in result) {
        document = result.document;
        applied.push(queued);
      } else if (queued.maybeStored) {
        queued.resolve({ recorded: true, document });
        completed ||= queued.maybeCompleted;
      } else this.#ignore(queued, result.ignored);
    }
    if (completed && this.#isComplete(document)) {
      this.#context.observer.completed?.(document);
      this.#owner.completedUnclearly(document);
    }
    return { id, etag: stored.etag, asOf, document, applied };
  }

  async #writeAll(): Promise<undefined> {
    const { store, clock } = this.#context;
    for (let batch = this.#next; batch !== undefined; batch = this.#next) {
      const { end } = batch;
      const changes = this.#withoutOutdated([...batch.changes, ...this.#takeKnown(batch)]);
      this.#next = undefined;
      this.#reads.wake();
      if (changes.length === 0) {
        end();
        continue;
      }
      const sentAt = timesOf(clock);
      const outcome = await store.write(
        changes.map(({ document, etag }) => writeItemOf(this.#context, document, etag)),
      );
      end();
      for (const { id } of changes) this.#busy.delete(id);
      if (outcome === 'conflict') this.#readUntil = clock.monotonic() + READ_ALL_MS;
      if (outcome === 'written') this.#confirm(changes, sentAt);
      else for (const change of changes) this.#repeat(change, outcome);
      this.#reads.wake();
      this.#checkIdle();
    }
  }

  /** The documents that may be written. The others were read before this process was paused: their replies are applied again. */
  #withoutOutdated(changes: readonly Change<D, A>[]): readonly Change<D, A>[] {
    return changes.filter(({ id, asOf, applied }) => {
      if (!isOutdated(this.#context, asOf)) return true;
      this.#busy.delete(id);
      for (const queued of applied) this.#enqueue(queued);
      return false;
    });
  }

  #confirm(changes: readonly Change<D, A>[], asOf: Times): void {
    for (const { document, applied } of changes) {
      for (const { resolve } of applied) resolve({ recorded: true, document });
      if (this.#isComplete(document)) this.#context.observer.completed?.(document);
    }
    const { store } = this.#context;
    this.#owner.recorded(changes.map(({ document, etag }) => ({ document, etag: store.etagAfter(etag), asOf })));
  }

  #isComplete(document: D): boolean {
    return this.#context.handler.pendingChannels(document).length === 0;
  }

  #repeat({ document, applied }: Change<D, A>, outcome: string): void {
    const completes = this.#isComplete(document);
    for (const queued of applied) {
      queued.attempts++;
      queued.maybeStored = true;
      queued.maybeCompleted ||= completes;
      if (queued.attempts < MAX_ATTEMPTS) this.#enqueue(queued);
      else queued.reject(new Error(`the reply could not be recorded (${outcome})`));
    }
  }

  #ignoreAll(replies: readonly QueuedReply<D, A>[], reason: string): undefined {
    for (const reply of replies) this.#ignore(reply, reason);
  }

  #ignore({ id, resolve }: QueuedReply<D, A>, reason: string): void {
    this.#context.observer.ignored?.(id, reason);
    resolve({ ignored: reason });
  }
}
