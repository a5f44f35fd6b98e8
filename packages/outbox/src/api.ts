import type { Policies } from './policies.ts';
import type { Clock, DocumentHandler, Observer, OutboxDocument, Random, Store, Transport } from './ports.ts';
import type { Settings } from './settings.ts';

export interface OutboxOptions<D extends OutboxDocument, A> {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly transport: Transport<D>;
  readonly handler: DocumentHandler<D, A>;
  readonly observer?: Observer<D>;
  readonly settings?: Partial<Settings>;
  readonly policies?: Partial<Policies>;
}

/**
 * created: stored, and found again by somebody until it is done.
 * existing: a document of this id with the same fingerprint is stored, and found again likewise.
 * different: a document of this id with another fingerprint is stored.
 * full, unsent: nothing was stored, nor will be; the queue is full, or the deadline passed (or the process leaves).
 * unknown: the deadline passed, or the store takes others and not this one; it may be stored now or later.
 * refused: the store does not take this document; nothing was stored, nor will be.
 */
export type AcceptResult<D> =
  | { readonly outcome: 'created' | 'existing' | 'different'; readonly document: D }
  | { readonly outcome: 'full' | 'unsent' | 'unknown' | 'refused' };

/** `document` is what was stored; a reason is a name for counting. */
export type RecordResult<D> = { readonly recorded: true; readonly document: D } | { readonly ignored: string };

export interface OutboxState {
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason?: string;
  /** Name of the writer, once there is one. */
  readonly writer?: string;
}

export interface ParkedDocument {
  readonly id: string;
  readonly channels: readonly string[];
  readonly attempts: number;
  /** Unix time in milliseconds. */
  readonly since: number;
}

export interface OutboxStats {
  readonly ready: boolean;
  readonly writer: string | undefined;
  /** Requests waiting or in the batch under way, and their size. */
  readonly queued: number;
  readonly queuedSize: number;
  /** Ids that this writer's segments name: at least its open documents. */
  readonly open: number;
  /** Segments from the first not known deleted up to the next, and the reserved limit. */
  readonly low: number;
  readonly next: number;
  readonly limit: number;
  /** Segments waiting to be deleted. */
  readonly pendingDeletions: number;
  /** Everything that the relay holds in memory per document or per segment. */
  readonly entries: number;
  readonly blocked: number;
  readonly inFlight: number;
  readonly channels: Readonly<
    Record<string, { readonly inFlight: number; readonly blocked: number; readonly sent: number }>
  >;
  /** Stuck documents that are remembered here. */
  readonly parked: number;
  /** Other writers: in the directory, and being cared for by this one. */
  readonly otherWriters: number;
  readonly takenOver: number;
}

export interface Outbox<D extends OutboxDocument, A> {
  /** True while requests are taken. */
  readonly ready: boolean;
  state(): OutboxState;
  stats(): OutboxStats;
  /** Resolves when ready, however long the store is away. Rejects when the store is unfit, or on `leave`. */
  start(): Promise<void>;
  /** Stores a document together with its promise to be found again. `deadlineMs` counts from now. Never rejects. */
  store(document: D, deadlineMs: number): Promise<AcceptResult<D>>;
  /** Records answers; on any replica. One result per entry, in order. Rejects when the store fails: deliver them again. */
  record(entries: readonly { readonly id: string; readonly reply: A }[]): Promise<readonly RecordResult<D>[]>;
  /** The stored document. Rejects when the store can't be read. */
  read(id: string): Promise<D | undefined>;
  /** Stored documents by their ids, in one read; missing ones are missing from the result. Rejects as `read` does. */
  readAll(ids: readonly string[]): Promise<ReadonlyMap<string, D>>;
  /** Calls `listener` on changes that this process sees. Best effort: a listener over the limit hears nothing. */
  watch(id: string, listener: (document: D) => void): () => void;
  /** Stuck documents remembered by this replica, oldest first. */
  parked(): readonly ParkedDocument[];
  /** Puts an open document in line again with fresh attempts. Rejects when the store can't be read. */
  retry(id: string): Promise<'retried' | 'done' | 'missing' | 'full'>;
  /** Takes no more requests, finishes the batch, marks the writer as left, stops every timer. Never rejects. */
  leave(): Promise<void>;
}
