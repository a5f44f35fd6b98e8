import type { Recorded } from './api.ts';
import { type Context, reasonOf } from './context.ts';
import { documentKey } from './documents.ts';
import { Loop } from './loop.ts';
import type { Document, Stored } from './ports.ts';

interface Answer<D, A> {
  readonly id: string;
  readonly answer: A;
  readonly resolve: (recorded: Recorded<D>) => void;
  readonly reject: (error: Error) => void;
  tries: number;
  /** An earlier write of it may have been stored. */
  maybeStored: boolean;
}

/** What all answers to one document make of it. */
interface Change<D, A> {
  readonly key: string;
  readonly etag: string;
  readonly document: D;
  readonly applied: readonly Answer<D, A>[];
}

/**
 * Records answers in their documents: those that wait are merged, one write is under way at a time, and the losers of a
 * conflict are read again. Correct on any number of replicas, since each document is judged by its ETag.
 */
export class Recorder<D extends Document, A> {
  readonly #context: Context<D, A>;
  readonly #recorded: (document: D) => void;
  readonly #loop: Loop;
  #waiting = new Map<string, Answer<D, A>[]>();
  #size = 0;

  constructor(context: Context<D, A>, recorded: (document: D) => void) {
    this.#context = context;
    this.#recorded = recorded;
    this.#loop = new Loop(
      context.clock,
      () => this.#run(),
      (error) => context.observer.event?.('record-failed', { reason: reasonOf(error) }),
    );
  }

  /** Resolves when the answer is recorded or ignored. Rejects when the store fails, or too many answers wait. */
  record(id: string, answer: A): Promise<Recorded<D>> {
    if (this.#size >= this.#context.settings.recordQueue) return Promise.reject(new Error('too many answers wait'));
    return new Promise((resolve, reject) => {
      this.#enqueue({ id, answer, resolve, reject, tries: 0, maybeStored: false });
      this.#loop.wake();
    });
  }

  #enqueue(answer: Answer<D, A>): void {
    const answers = this.#waiting.get(answer.id);
    if (answers === undefined) this.#waiting.set(answer.id, [answer]);
    else answers.push(answer);
    this.#size++;
  }

  async #run(): Promise<undefined> {
    while (this.#waiting.size > 0) await this.#round(this.#take());
  }

  #take(): Map<string, Answer<D, A>[]> {
    const taken = new Map<string, Answer<D, A>[]>();
    for (const [id, answers] of this.#waiting) {
      if (taken.size === this.#context.settings.recordBatch) break;
      taken.set(id, answers);
      this.#waiting.delete(id);
      this.#size -= answers.length;
    }
    return taken;
  }

  async #round(taken: Map<string, Answer<D, A>[]>): Promise<void> {
    const { store, rules } = this.#context;
    let found: ReadonlyMap<string, Stored>;
    try {
      found = await store.read([...taken.keys()].map(documentKey));
    } catch (error) {
      for (const answers of taken.values()) for (const { reject } of answers) reject(new Error(reasonOf(error)));
      return;
    }
    const changes: Change<D, A>[] = [];
    for (const [id, answers] of taken) {
      const change = this.#change(id, answers, found.get(documentKey(id)));
      if (change !== undefined) changes.push(change);
    }
    if (changes.length === 0) return;
    const outcome = await store.write(changes.map(({ key, document, etag }) => ({ key, value: document, etag })));
    for (const change of changes) {
      if (rules.recorded(outcome)) this.#confirm(change);
      else this.#repeat(change, outcome);
    }
  }

  #change(id: string, answers: readonly Answer<D, A>[], stored: Stored | undefined): Change<D, A> | undefined {
    const { business, clock } = this.#context;
    if (stored === undefined) return this.#ignoreAll(id, answers, 'no-such-document');
    let document: D;
    try {
      document = business.parse(stored.value);
    } catch {
      return this.#ignoreAll(id, answers, 'document-unreadable');
    }
    const applied: Answer<D, A>[] = [];
    for (const answer of answers) {
      const result = business.apply(document, answer.answer, clock.wall());
      if ('document' in result) {
        document = result.document;
        applied.push(answer);
      } else if (answer.maybeStored) answer.resolve({ recorded: true, document });
      else this.#ignore(id, answer, result.ignored);
    }
    if (applied.length > 0) return { key: documentKey(id), etag: stored.etag, document, applied };
    this.#tell(
      document,
      answers.some(({ maybeStored }) => maybeStored),
    );
    return undefined;
  }

  #ignoreAll(id: string, answers: readonly Answer<D, A>[], reason: string): undefined {
    for (const answer of answers) this.#ignore(id, answer, reason);
  }

  #ignore(id: string, { resolve }: Answer<D, A>, reason: string): void {
    this.#context.observer.ignored?.(id, reason);
    resolve({ ignored: reason });
  }

  #confirm({ document, applied }: Change<D, A>): void {
    for (const { resolve } of applied) resolve({ recorded: true, document });
    this.#tell(document, true);
  }

  /** Whoever watches may not know this state yet, even if it is not `ours`. */
  #tell(document: D, ours: boolean): void {
    this.#recorded(document);
    const { business, observer } = this.#context;
    if (ours && business.missing(document).length === 0) observer.settled?.(document);
  }

  #repeat({ applied }: Change<D, A>, outcome: string): void {
    for (const answer of applied) {
      answer.tries++;
      answer.maybeStored = true;
      if (answer.tries < this.#context.settings.recordAttempts) this.#enqueue(answer);
      else answer.reject(new Error(`the answer could not be recorded (${outcome})`));
    }
  }
}
