import type { RecordResult } from '../api.ts';
import { type Context, reasonOf } from '../context.ts';
import type { OutboxDocument, Stored } from '../ports.ts';
import type { StoredDocument } from '../recovery/segment-scan.ts';
import { documentKey } from '../storage-format.ts';
import { Loop } from '../util/loop.ts';

interface QueuedReply<D, A> {
  readonly id: string;
  readonly reply: A;
  readonly resolve: (recorded: RecordResult<D>) => void;
  readonly reject: (error: Error) => void;
  tries: number;
  /** An earlier write of it may have been stored. */
  maybeStored: boolean;
  /** That write would have left nothing to do. */
  maybeCompleted: boolean;
}

/** What the answers to one document make of it; nothing when none is applied. */
interface Change<D, A> {
  readonly id: string;
  readonly etag: string;
  readonly document: D;
  readonly applied: readonly QueuedReply<D, A>[];
}

/** What a recorder needs of the parts around it. */
export interface ReplyRecorderOwner<D> {
  /** What this process knows of a document that it works on. */
  known(id: string): StoredDocument<D> | undefined;
  /** Documents that were just written. */
  recorded(documents: readonly StoredDocument<D>[]): void;
}

/**
 * Records answers in their documents: those that wait are merged, one write is under way at a time while the documents
 * of the next are read, and the losers of a conflict are read again. Correct on any number of replicas, since each
 * document is judged by its ETag. What this process knows to be stored is not read again, unless others were faster
 * just now: then they work on the same documents, and what is known is likely to be old.
 */
export class ReplyRecorder<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #owner: ReplyRecorderOwner<D>;
  readonly #reads: Loop;
  readonly #writes: Loop;
  readonly #waiting = new Map<string, QueuedReply<D, A>[]>();
  #size = 0;
  /** Read, to be written next. */
  #next: readonly Change<D, A>[] = [];
  /** Being written; not to be read before that is known. */
  readonly #busy = new Set<string>();
  /** Until then every document is read. */
  #readUntil = Number.NEGATIVE_INFINITY;
  #startedAt = Number.NEGATIVE_INFINITY;

  constructor(context: Context<D, A>, owner: ReplyRecorderOwner<D>) {
    this.#context = context;
    this.#owner = owner;
    const failed = (error: unknown): void => context.observer.event?.('record-failed', { reason: reasonOf(error) });
    this.#reads = new Loop(context.clock, () => this.#readAll(), failed);
    this.#writes = new Loop(context.clock, () => this.#writeAll(), failed);
  }

  /** Resolves when the answer is recorded or ignored. Rejects when the store fails, or too many answers wait. */
  record(id: string, answer: A): Promise<RecordResult<D>> {
    if (this.#size >= this.#context.settings.replyQueue) return Promise.reject(new Error('too many answers wait'));
    return new Promise((resolve, reject) => {
      this.#enqueue({ id, reply: answer, resolve, reject, tries: 0, maybeStored: false, maybeCompleted: false });
      this.#reads.wake();
    });
  }

  #enqueue(answer: QueuedReply<D, A>): void {
    const answers = this.#waiting.get(answer.id);
    if (answers === undefined) this.#waiting.set(answer.id, [answer]);
    else answers.push(answer);
    this.#size++;
  }

  async #readAll(): Promise<number | undefined> {
    while (this.#next.length === 0) {
      const pauseMs = this.#pauseMs();
      if (pauseMs > 0) return pauseMs;
      const taken = this.#take();
      if (taken.size === 0) return undefined;
      this.#startedAt = this.#context.clock.monotonic();
      try {
        this.#next = await this.#read(taken);
      } catch (error) {
        for (const answers of taken.values()) for (const { reject } of answers) reject(new Error(reasonOf(error)));
      }
      this.#writes.wake();
    }
    return undefined;
  }

  #pauseMs(): number {
    const { clock, settings } = this.#context;
    if (this.#waiting.size === 0 || this.#waiting.size >= settings.replyBatch) return 0;
    return this.#startedAt + settings.replyPaceMs - clock.monotonic();
  }

  #take(): Map<string, QueuedReply<D, A>[]> {
    const taken = new Map<string, QueuedReply<D, A>[]>();
    for (const [id, answers] of this.#waiting) {
      if (taken.size === this.#context.settings.replyBatch) break;
      if (this.#busy.has(id)) continue;
      taken.set(id, answers);
      this.#waiting.delete(id);
      this.#size -= answers.length;
    }
    return taken;
  }

  /** The documents that change. */
  async #read(taken: ReadonlyMap<string, readonly QueuedReply<D, A>[]>): Promise<Change<D, A>[]> {
    const changes: Change<D, A>[] = [];
    const unknown = new Map<string, readonly QueuedReply<D, A>[]>();
    for (const [id, answers] of taken) {
      const change = this.#changeKnown(id, answers);
      if (change === undefined) unknown.set(id, answers);
      else changes.push(change);
    }
    if (unknown.size === 0) return changes;
    const found = await this.#context.store.read([...unknown.keys()].map(documentKey));
    for (const [id, answers] of unknown) {
      const change = this.#change(id, answers, found.get(documentKey(id)));
      if (change !== undefined && change.applied.length > 0) changes.push(change);
    }
    return changes;
  }

  /** From memory, if every answer changes what is known there: that an answer changes nothing has to be read. */
  #changeKnown(id: string, answers: readonly QueuedReply<D, A>[]): Change<D, A> | undefined {
    const { handler, clock } = this.#context;
    const known = clock.monotonic() < this.#readUntil ? undefined : this.#owner.known(id);
    if (known?.etag === undefined) return undefined;
    let { document } = known;
    for (const { reply: answer, maybeStored } of answers) {
      const result = maybeStored ? undefined : handler.apply(document, answer, clock.wall());
      if (result === undefined || !('document' in result)) return undefined;
      document = result.document;
    }
    return { id, etag: known.etag, document, applied: answers };
  }

  #change(id: string, answers: readonly QueuedReply<D, A>[], stored: Stored | undefined): Change<D, A> | undefined {
    const { handler, clock } = this.#context;
    if (stored === undefined) return this.#ignoreAll(answers, 'no-such-document');
    let document: D;
    try {
      document = handler.parse(stored.value);
    } catch {
      return this.#ignoreAll(answers, 'document-unreadable');
    }
    const applied: QueuedReply<D, A>[] = [];
    let settled = false;
    for (const answer of answers) {
      const result = handler.apply(document, answer.reply, clock.wall());
      if ('document' in result) {
        document = result.document;
        applied.push(answer);
      } else if (answer.maybeStored) {
        answer.resolve({ recorded: true, document });
        settled ||= answer.maybeCompleted;
      } else this.#ignore(answer, result.ignored);
    }
    if (settled) this.#context.observer.completed?.(document);
    return { id, etag: stored.etag, document, applied };
  }

  async #writeAll(): Promise<undefined> {
    while (this.#next.length > 0) {
      const changes = this.#next;
      this.#next = [];
      for (const { id } of changes) this.#busy.add(id);
      this.#reads.wake();
      const items = changes.map(({ id, document, etag }) => ({ key: documentKey(id), value: document, etag }));
      const outcome = await this.#context.store.write(items);
      this.#busy.clear();
      if (outcome === 'conflict') this.#readUntil = this.#context.clock.monotonic() + this.#context.settings.readAllMs;
      if (this.#context.policies.recorded(outcome)) this.#confirm(changes);
      else for (const change of changes) this.#repeat(change, outcome);
      this.#reads.wake();
    }
  }

  #confirm(changes: readonly Change<D, A>[]): void {
    for (const { document, applied } of changes) {
      for (const { resolve } of applied) resolve({ recorded: true, document });
      if (this.#isDone(document)) this.#context.observer.completed?.(document);
    }
    const { store } = this.#context;
    this.#owner.recorded(changes.map(({ document, etag }) => ({ document, etag: store.etagAfter(etag) })));
  }

  #isDone(document: D): boolean {
    return this.#context.handler.pendingChannels(document).length === 0;
  }

  #repeat({ document, applied }: Change<D, A>, outcome: string): void {
    const settles = this.#isDone(document);
    for (const answer of applied) {
      answer.tries++;
      answer.maybeStored = true;
      answer.maybeCompleted ||= settles;
      if (answer.tries < this.#context.settings.replyAttempts) this.#enqueue(answer);
      else answer.reject(new Error(`the answer could not be recorded (${outcome})`));
    }
  }

  #ignoreAll(answers: readonly QueuedReply<D, A>[], reason: string): undefined {
    for (const answer of answers) this.#ignore(answer, reason);
  }

  #ignore({ id, resolve }: QueuedReply<D, A>, reason: string): void {
    this.#context.observer.ignored?.(id, reason);
    resolve({ ignored: reason });
  }
}
