import type { StoreResult } from '../api.ts';
import type { Policies } from '../policies.ts';
import type { Clock, OutboxDocument } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { documentKey } from '../storage-format.ts';
import type { StoredDocument } from '../stored-documents.ts';

/** Maximum number of requests, the current batch included. */
export const MAX_REQUESTS = 2_000;
/** Maximum size of all requests together, in UTF-16 code units of JSON. */
export const MAX_QUEUE_SIZE = 4_000_000;
/** Maximum size of one batch, in UTF-16 code units of JSON. A larger document is sent alone. */
export const MAX_BATCH_SIZE = 1_000_000;
/** Minimum time between two checks of the deadlines, in milliseconds. */
const SWEEP_MS = 20;

interface StoreRequest<D> {
  readonly document: D;
  readonly size: number;
  readonly deadline: number;
  readonly resolve: (result: StoreResult<D>) => void;
}

/** A document on its way into the store, with all requests for its id. */
export interface QueuedDocument<D> {
  readonly id: string;
  readonly key: string;
  document: D;
  /** The document as it will be sent. Serialized once, because its size is needed as well. */
  json: string;
  requests: StoreRequest<D>[];
  /** A transaction with this document may have been applied, or may be applied later. */
  maybeStored: boolean;
  /** The document that was found under this id. */
  stored: StoredDocument<D> | 'unreadable' | undefined;
}

const jsonOf = (document: unknown): string | undefined => {
  try {
    return JSON.stringify(document);
  } catch {
    return undefined;
  }
};

/** Requests that wait for a batch or are in the current batch. Holds each id once, and is limited in number and size. */
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

  /** Number of documents that wait for a batch. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Adds a request. Resolves when the outcome is known, or at the deadline. */
  enqueue(document: D, deadlineMs: number): Promise<StoreResult<D>> {
    const json = jsonOf(document);
    if (json === undefined) return Promise.resolve({ outcome: 'refused' });
    if (!(deadlineMs > 0)) return Promise.resolve({ outcome: 'unsent' });
    const size = json.length;
    if (this.requests >= MAX_REQUESTS || this.size + size > MAX_QUEUE_SIZE) return Promise.resolve({ outcome: 'full' });
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

  /** Removes the next batch, in the order of arrival: as many documents as fit, and at least one if any waits. */
  takeBatch(): QueuedDocument<D>[] {
    const items: QueuedDocument<D>[] = [];
    let size = 0;
    for (const [id, item] of this.#waiting) {
      const isFull = items.length === this.#settings.batchDocuments;
      if (isFull || (items.length > 0 && size + item.json.length > MAX_BATCH_SIZE)) break;
      size += item.json.length;
      items.push(item);
      this.#waiting.delete(id);
      this.#inBatch.set(id, item);
    }
    return items;
  }

  /**
   * The documents of a batch that may be sent now. A request answered `unsent` must never be stored later: documents
   * without a request are dropped, and if the first request timed out, the document of the next request is sent instead.
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

  /** Resolves all requests for this document. */
  resolve(item: QueuedDocument<D>, resultOf: (requested: D) => StoreResult<D>): void {
    this.#inBatch.delete(item.id);
    for (const request of item.requests) this.#resolve(request, resultOf(request.document));
    item.requests = [];
  }

  /** Resolves the requests whose documents are not in the current batch: the store refuses writes. */
  refuseWaiting(): void {
    for (const [id, item] of this.#waiting) {
      this.#waiting.delete(id);
      this.resolve(item, () => ({ outcome: 'unwritable' }));
    }
  }

  /** Resolves all requests as if their deadlines had passed. */
  close(): void {
    this.#cancelSweep?.();
    this.#expire(Number.POSITIVE_INFINITY);
  }

  #resolve(request: StoreRequest<D>, result: StoreResult<D>): void {
    this.requests--;
    this.size -= request.size;
    request.resolve(result);
  }

  #sweepBy(deadline: number): void {
    if (deadline >= this.#sweepAt) return;
    this.#cancelSweep?.();
    this.#sweepAt = deadline;
    const ms = Math.max(deadline - this.#clock.monotonic(), SWEEP_MS);
    this.#cancelSweep = this.#clock.setTimer(ms, () => {
      this.#sweepAt = Number.POSITIVE_INFINITY;
      const next = this.#expire(this.#clock.monotonic());
      if (next < Number.POSITIVE_INFINITY) this.#sweepBy(next);
    });
  }

  /** Resolves the requests whose deadline has passed, and returns the next deadline. */
  #expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    const sweep = (item: QueuedDocument<D>): void => {
      const late = item.requests.filter(({ deadline }) => deadline <= now);
      if (late.length > 0) item.requests = item.requests.filter(({ deadline }) => deadline > now);
      for (const request of late) this.#resolve(request, { outcome: item.maybeStored ? 'unknown' : 'unsent' });
      for (const { deadline } of item.requests) next = Math.min(next, deadline);
      if (item.requests.length === 0) this.#waiting.delete(item.id);
    };
    for (const item of this.#waiting.values()) sweep(item);
    for (const item of this.#inBatch.values()) sweep(item);
    return next;
  }
}
