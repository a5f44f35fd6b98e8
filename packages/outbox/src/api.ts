import type { Policies } from './policies.ts';
import type {
  Clock,
  DocumentHandler,
  Observer,
  OutboxDocument,
  Random,
  Store,
  Transport,
  Utilization,
} from './ports.ts';
import type { Settings } from './settings.ts';

/** The ports of an outbox, and what deviates from its defaults. */
export interface OutboxOptions<D extends OutboxDocument, A> {
  readonly clock: Clock;
  readonly random: Random;
  readonly utilization: Utilization;
  readonly store: Store;
  readonly transport: Transport<D>;
  readonly handler: DocumentHandler<D, A>;
  /**
   * The commands of a channel's lanes with equal groups wait for each other, to fill a message (`fillMs`). Undefined: a command
   * of the lane waits for no others, which is the default.
   */
  readonly messageGroupOf?: (channel: string, lane: number) => string | undefined;
  readonly observer?: Observer<D>;
  readonly settings?: Partial<Settings>;
  /** For the simulation only. */
  readonly policies?: Partial<Policies>;
}

/**
 * The result of `store`.
 * - created: the document is stored and indexed, so that it is processed until it is complete.
 * - existing: a document of this id with the same fingerprint is stored and indexed.
 * - different: a document of this id with another fingerprint is stored.
 * - full: the document was not stored, and will not be. The queue, or the limit of open documents, is exhausted.
 * - unwritable: the document was not stored, and will not be. The store can be read, but it refuses all writes.
 * - unsent: the document was not stored, and will not be. The deadline passed, or the process is leaving.
 * - unknown: the document may be stored, now or later. The deadline passed, or the store does not accept this document.
 * - refused: the store rejected this document as invalid. It was not stored, and will not be.
 */
export type StoreResult<D> =
  | { readonly outcome: 'created' | 'existing' | 'different'; readonly document: D }
  | { readonly outcome: 'full' | 'unwritable' | 'unsent' | 'unknown' | 'refused' };

/**
 * The result of `record` for one reply: the document with the reply, or the name of the reason why the reply was ignored. With the
 * setting `answerHeld`, the document may not be stored yet.
 */
export type RecordResult<D> = { readonly recorded: true; readonly document: D } | { readonly ignored: string };

/** Readiness of the outbox. */
export interface OutboxState {
  readonly ready: boolean;
  /** Why the outbox is not ready. */
  readonly reason?: string;
  /** The store can be read, but it refuses all writes. `store` returns `unwritable` at once, and the outbox stays ready. */
  readonly refusesWrites: boolean;
  /** Name of the current writer, if there is one. */
  readonly writer?: string;
}

/** A document with commands that are out of the send window after too many attempts. */
export interface ParkedDocument {
  readonly id: string;
  readonly channels: readonly string[];
  readonly attempts: number;
  /** Unix time in milliseconds. */
  readonly since: number;
}

/** A command whose reply is pending. */
export interface WaitingCommand {
  readonly channel: string;
  /** blocked: waits for a slot of its window. in-flight: holds a slot. parked: out of the window after too many attempts. */
  readonly state: 'blocked' | 'in-flight' | 'parked';
  /** Number of sends since this replica loaded the document; of a parked command, the attempts that counted. */
  readonly attempts: number;
  /** Unix time in milliseconds: when a parked command is retried, or when the oldest command of the lane is probed. */
  readonly nextAttempt?: number;
}

/** A document that waits for replies. */
export interface WaitingDocument {
  readonly id: string;
  /** Unix time in milliseconds. */
  readonly createdAt: number;
  readonly commands: readonly WaitingCommand[];
}

/** The waiting commands of one channel. Times are Unix times in milliseconds. */
export interface WaitingChannel {
  readonly channel: string;
  readonly inFlight: number;
  readonly blocked: number;
  readonly parked: number;
  /** Creation time of the oldest document. */
  readonly oldest?: number;
  /** The maximum of the commands' attempts. */
  readonly attempts: number;
  /** When a command is probed or retried next, if no reply arrives before. */
  readonly nextAttempt?: number;
}

/** The documents that wait for replies. */
export interface WaitingReport {
  /** Ids that the segments of this writer name. At least the number of its waiting documents, loaded or not. */
  readonly stored: number;
  /** Waiting documents in memory, which the other fields describe. */
  readonly loaded: number;
  readonly channels: readonly WaitingChannel[];
  /** The oldest documents. */
  readonly documents: readonly WaitingDocument[];
}

/** Counters and gauges of one outbox. */
export interface OutboxStats {
  readonly ready: boolean;
  readonly writer: string | undefined;
  /** The store can be read, but it refuses all writes. */
  readonly refusesWrites: boolean;
  /** Requests that wait or are in the current batch. */
  readonly queued: number;
  /** Size of these requests, in UTF-16 code units of JSON. */
  readonly queuedSize: number;
  /** Ids that the segments of this writer name. At least the number of its open documents. */
  readonly open: number;
  /** The smallest segment number not known to be deleted. */
  readonly low: number;
  /** The next segment number. */
  readonly next: number;
  /** Segment numbers below this limit are reserved. */
  readonly limit: number;
  /** Segments that wait for their deletion. */
  readonly pendingDeletions: number;
  /** Entries that the relay holds in memory, per document or per segment. */
  readonly entries: number;
  /** Commands that wait for a slot of their window. */
  readonly blocked: number;
  /** Commands that hold a slot. */
  readonly inFlight: number;
  readonly channels: Readonly<
    Record<string, { readonly inFlight: number; readonly blocked: number; readonly sent: number }>
  >;
  /** Parked documents that this replica remembers. */
  readonly parked: number;
  /** Other writers in the registry. */
  readonly otherWriters: number;
  /** Stopped writers whose segments this writer takes over. */
  readonly takenOver: number;
}

/** An outbox: stores documents of type `D`, sends their commands, and records the replies, of type `A`. */
export interface Outbox<D extends OutboxDocument, A> {
  /** True while `store` accepts documents. */
  readonly ready: boolean;
  state(): OutboxState;
  stats(): OutboxStats;
  /** Resolves when the outbox is ready, and retries while the store is down. Rejects on an unsupported store and on `leave`. */
  start(): Promise<void>;
  /** Stores a document together with its segment entry, within `deadlineMs` from now. Never rejects. */
  store(document: D, deadlineMs: number): Promise<StoreResult<D>>;
  /**
   * Records replies, on any replica. Returns one result per entry, in order. Rejects when the store fails; the messages
   * must be delivered again then.
   */
  record(entries: readonly { readonly id: string; readonly reply: A }[]): Promise<readonly RecordResult<D>[]>;
  /** The stored document. Rejects when the store cannot be read. */
  read(id: string): Promise<D | undefined>;
  /** The stored documents of these ids, in one read. The result has no entry for a missing document. Rejects as `read` does. */
  readAll(ids: readonly string[]): Promise<ReadonlyMap<string, D>>;
  /**
   * Calls `listener` on each change of the document that this process observes. Best effort: above the limit of
   * listeners, a new listener is never called. Returns a function that removes the listener.
   */
  watch(id: string, listener: (document: D) => void): () => void;
  /** The parked documents that this replica remembers, oldest first. */
  parked(): readonly ParkedDocument[];
  /** The documents with pending replies, at most `maxDocuments` of them, oldest first. Takes time in proportion to `entries`. */
  waiting(maxDocuments: number): WaitingReport;
  /** Queues the commands of an open document again, with a fresh count of attempts. Rejects when the store cannot be read. */
  retry(id: string): Promise<'retried' | 'done' | 'missing' | 'full'>;
  /** Accepts no more documents, finishes the current batch, marks the writer as left and stops all timers. Never rejects. */
  leave(): Promise<void>;
}
