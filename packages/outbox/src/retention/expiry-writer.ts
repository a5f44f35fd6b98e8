import { type Context, createLoop } from '../context.ts';
import type { OutboxDocument, WriteItem } from '../ports.ts';
import { isOutdated, readDocuments } from '../stored-documents.ts';
import type { Loop } from '../util/loop.ts';
import { SECOND } from '../util/time.ts';
import { expiryOf, writeItemOf } from './write-item.ts';

/** Maximum number of documents that wait. A document above it is kept for ever. */
const MAX_WAITING = 10_000;
/** Writes of one document after which it is kept for ever. */
const MAX_ATTEMPTS = 8;
/** Delay before a failed write is repeated. */
export const RETRY_MS = 5 * SECOND;

/**
 * Gives an expiry to complete documents whose last write may have set none:
 * - A document that is complete when it is inserted. Its transaction cannot set the expiry: on Redis, an insertion that
 *   fails in a transaction would still set it on the existing document, which may be incomplete.
 * - A document whose completing write had no clear answer. Redis sets the expiry in a second command, which may be lost.
 *
 * Writes each document once more, unchanged, by compare-and-set. If that fails too, the document is kept for ever.
 */
export class ExpiryWriter<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #loop: Loop;
  /** Ids, with the number of attempts. */
  readonly #waiting = new Map<string, number>();

  constructor(context: Context<D, A>) {
    this.#context = context;
    this.#loop = createLoop(context, 'expiry-failed', () => this.#run());
  }

  /** Queues the document, if it expires. */
  add(document: D): void {
    if (expiryOf(this.#context, document) === undefined || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(document.id, 0);
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
  }

  async #run(): Promise<number | undefined> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, this.#context.settings.replyBatch);
      for (const [id] of batch) this.#waiting.delete(id);
      if (await this.#write(batch.map(([id]) => id))) continue;
      for (const [id, attempts] of batch) if (attempts + 1 < MAX_ATTEMPTS) this.#waiting.set(id, attempts + 1);
      return RETRY_MS;
    }
    return undefined;
  }

  /** Returns false when the write has to be repeated. A conflict means that another process has written the expiry. */
  async #write(ids: readonly string[]): Promise<boolean> {
    const items: WriteItem[] = [];
    try {
      for (const stored of (await readDocuments(this.#context, ids)).values()) {
        if (stored === 'absent' || stored === 'unreadable' || stored.etag === undefined) continue;
        if (isOutdated(this.#context, stored.asOf)) return false;
        const item = writeItemOf(this.#context, stored.document, stored.etag);
        if (item.expiresInSeconds !== undefined) items.push(item);
      }
    } catch {
      return false;
    }
    return items.length === 0 || (await this.#context.store.write(items)) !== 'unknown';
  }
}
