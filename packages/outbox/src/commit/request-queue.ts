import type { AcceptResult } from '../api.ts';
import type { Policies } from '../policies.ts';
import type { Clock, OutboxDocument } from '../ports.ts';
import type { StoredDocument } from '../recovery/segment-scan.ts';
import type { Settings } from '../settings.ts';
import { documentKey } from '../storage-format.ts';

interface StoreRequest<D> {
  readonly document: D;
  readonly size: number;
  readonly deadline: number;
  readonly resolve: (accepted: AcceptResult<D>) => void;
}

/** One id on its way into the store, with everybody who asked for it. */
export interface QueuedDocument<D> {
  readonly id: string;
  readonly key: string;
  document: D;
  /** The document as it will be sent: made once, since its size is needed as well. */
  json: string;
  requests: StoreRequest<D>[];
  /** A transaction with it may have been applied, or may be yet. */
  maybeStored: boolean;
  /** The document that was found under this id. */
  stored: StoredDocument<D> | 'unreadable' | undefined;
}

/** Deadlines are looked at no more often than this. */
const sweepMs = 20;

const jsonOf = (document: unknown): string | undefined => {
  try {
    return JSON.stringify(document);
  } catch {
    return undefined;
  }
};

/** Requests waiting for a batch or in the batch under way; each id once; bounded in number and size. */
export class RequestQueue<D extends OutboxDocument> {
  requests = 0;
  size = 0;
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #waiting = new Map<string, QueuedDocument<D>>();
  readonly #inBatch = new Map<string, QueuedDocument<D>>();
  #sweepAt = Number.POSITIVE_INFINITY;
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock, settings: Settings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when the outcome is known, or at the deadline. */
  enqueue(document: D, deadlineMs: number): Promise<AcceptResult<D>> {
    const json = jsonOf(document);
    if (json === undefined) return Promise.resolve({ outcome: 'refused' });
    if (!(deadlineMs > 0)) return Promise.resolve({ outcome: 'unsent' });
    const size = json.length;
    if (this.requests >= this.#settings.queueRequests || this.size + size > this.#settings.queueSize)
      return Promise.resolve({ outcome: 'full' });
    return new Promise((resolve) => {
      const deadline = this.#clock.monotonic() + deadlineMs;
      const request = { document, size, deadline, resolve };
      this.requests++;
      this.size += size;
      const known = this.#waiting.get(document.id) ?? this.#inBatch.get(document.id);
      if (known !== undefined) known.requests.push(request);
      else this.#addDocument(request, json);
      this.#sweepBy(deadline);
    });
  }

  #addDocument(request: StoreRequest<D>, json: string): void {
    const { document } = request;
    const { id } = document;
    const key = documentKey(id);
    this.#waiting.set(id, { id, key, document, json, requests: [request], maybeStored: false, stored: undefined });
  }

  /** The next batch, in the order of arrival: as many items as fit, at least one if any waits. */
  takeBatch(): QueuedDocument<D>[] {
    const { batchDocuments, batchSize } = this.#settings;
    const items: QueuedDocument<D>[] = [];
    let size = 0;
    for (const [id, item] of this.#waiting) {
      if (items.length === batchDocuments || (items.length > 0 && size + item.json.length > batchSize)) break;
      size += item.json.length;
      items.push(item);
      this.#waiting.delete(id);
      this.#inBatch.set(id, item);
    }
    return items;
  }

  /**
   * Those of a batch that are to be sent now. Who has been told that nothing was stored must stay right: an item that nobody
   * waits for any more is let go, and one that somebody still does becomes theirs.
   */
  selectSendable(items: readonly QueuedDocument<D>[], policies: Policies): readonly QueuedDocument<D>[] {
    return items.filter((item) => {
      const [first] = item.requests;
      if (!policies.maySend({ waiting: item.requests.length, maybeStored: item.maybeStored })) {
        this.#inBatch.delete(item.id);
        return false;
      }
      if (first !== undefined && !item.maybeStored && item.document !== first.document) {
        item.document = first.document;
        item.json = JSON.stringify(first.document);
      }
      return true;
    });
  }

  /** Answers everybody who asked for this item. */
  resolve(item: QueuedDocument<D>, answer: (requested: D) => AcceptResult<D>): void {
    this.#inBatch.delete(item.id);
    for (const request of item.requests) this.#answer(request, answer(request.document));
    item.requests = [];
  }

  /** Answers everybody, as if all deadlines had passed. */
  close(): void {
    this.#cancelSweep?.();
    this.#expire(Number.POSITIVE_INFINITY);
  }

  #answer(request: StoreRequest<D>, accepted: AcceptResult<D>): void {
    this.requests--;
    this.size -= request.size;
    request.resolve(accepted);
  }

  #sweepBy(deadline: number): void {
    if (deadline >= this.#sweepAt) return;
    this.#cancelSweep?.();
    this.#sweepAt = deadline;
    const ms = Math.max(deadline - this.#clock.monotonic(), sweepMs);
    this.#cancelSweep = this.#clock.setTimer(ms, () => {
      this.#sweepAt = Number.POSITIVE_INFINITY;
      const next = this.#expire(this.#clock.monotonic());
      if (next < Number.POSITIVE_INFINITY) this.#sweepBy(next);
    });
  }

  /** Answers the requests whose deadline has passed; says when the next one does. */
  #expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    const sweep = (item: QueuedDocument<D>): void => {
      const late = item.requests.filter(({ deadline }) => deadline <= now);
      if (late.length > 0) item.requests = item.requests.filter(({ deadline }) => deadline > now);
      for (const request of late) this.#answer(request, { outcome: item.maybeStored ? 'unknown' : 'unsent' });
      for (const { deadline } of item.requests) next = Math.min(next, deadline);
      if (item.requests.length === 0) this.#waiting.delete(item.id);
    };
    for (const item of this.#waiting.values()) sweep(item);
    for (const item of this.#inBatch.values()) sweep(item);
    return next;
  }
}
