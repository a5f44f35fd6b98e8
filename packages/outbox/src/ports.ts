/**
 * The interfaces that the outbox needs. Everything that is slow, can fail or differs between two runs is behind one of
 * them, so that the same code runs in production and in the simulation.
 */

/**
 * Time. There are two clocks, because the wall clock can jump and the monotonic clock may stop while a machine is
 * suspended.
 */
export interface Clock {
  /** Milliseconds since a fixed moment of this process. Never decreases. */
  monotonic(): number;
  /** Unix time in milliseconds. May jump forwards and backwards. */
  wall(): number;
  /** Calls `fire` once, at least `ms` milliseconds from now. Returns a function that cancels the timer. */
  setTimer(ms: number, fire: () => void): () => void;
}

/** Returns a random number, uniform in [0, 1). */
export type Random = () => number;

/** Returns the share of the last moments in which this process was busy, from 0 to 1. */
export type Utilization = () => number;

/** A value as it was read from the store. */
export interface Stored {
  readonly value: unknown;
  readonly etag: string;
}

/** One operation of a transaction. The value is JSON text already, because the outbox needs its size beforehand. */
export type Operation =
  | { readonly op: 'insert'; readonly key: string; readonly json: string }
  | { readonly op: 'upsert'; readonly key: string; readonly json: string }
  | { readonly op: 'delete'; readonly key: string };

/**
 * The outcome of a transaction.
 * - committed: every operation is applied and durable.
 * - refused: no operation was applied, and none will be. The store rejected the request as invalid.
 * - unknown: any other result. Some, all or none of the operations may be applied, now or later.
 */
export type TransactionOutcome = 'committed' | 'refused' | 'unknown';

/**
 * The outcome of a bulk write.
 * - written: every item is stored.
 * - conflict: at least one ETag was stale; the other items are stored.
 * - unknown: any subset of the items may be stored, now or later.
 */
export type WriteOutcome = 'written' | 'conflict' | 'unknown';

/** One item of a bulk write. */
export interface WriteItem {
  readonly key: string;
  readonly value: unknown;
  readonly etag: string;
  /**
   * Seconds after which the store deletes the key. Without it, the store may keep or drop an expiry that an earlier write
   * has set.
   */
  readonly expiresInSeconds?: number;
}

/** A key-value store as Dapr offers it. The implementation bounds the duration of every call. */
export interface Store {
  /**
   * Runs a transaction. Never rejects. An `insert` of an existing key makes the transaction fail; some stores apply the
   * other operations nevertheless.
   */
  transact(operations: readonly Operation[]): Promise<TransactionOutcome>;
  /**
   * Reads keys. The result has no entry for a missing key. A value that is not JSON is undefined, which `parse` must refuse.
   * Rejects when the state of one of the keys is unknown.
   */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>>;
  /**
   * Compare-and-set, for each item on its own. Never rejects. Some stores accept any ETag for a missing key, so no item is sent
   * after a pause of the process: its document may have expired.
   */
  write(items: readonly WriteItem[]): Promise<WriteOutcome>;
  /**
   * Deletes one key. A store that is too full for a transaction may still accept this call. A missing key counts as
   * written. Never rejects.
   */
  remove(key: string): Promise<WriteOutcome>;
  /**
   * Predicts the ETag of a key after a confirmed write over `etag`, or after its insertion (undefined). Returns undefined
   * if only a read can tell. The prediction saves reads. A wrong prediction costs a conflict, and it must never equal the
   * ETag of another client's write.
   */
  etagAfter(etag: string | undefined): string | undefined;
}

/** Identifies the attempt that sent a command. The reply returns the token, and the handler records it in the document. */
export interface Token {
  /** Name of the writer that sent the command, with a mark of the insertion of its document. Opaque to all others. */
  readonly w: string;
  /** Number of the attempt, starting with 1. */
  readonly a: number;
  /** Send time on the monotonic clock of that writer, in milliseconds. */
  readonly t: number;
}

/** A document that the outbox stores and processes until no channel is pending. */
export interface OutboxDocument {
  readonly id: string;
  /** Distinguishes this insertion from every other insertion of the same id. */
  readonly nonce: string;
  /** Equal for equal requests. */
  readonly fingerprint: string;
  /** Creation time: Unix time in milliseconds. */
  readonly createdAt: number;
}

/** The functions that depend on the contents of documents. All of them are pure. */
export interface DocumentHandler<D extends OutboxDocument, A> {
  /** Parses a stored value. Throws when this code cannot read the version of the value. */
  parse(value: unknown): D;
  /** Channels with a command that is not acknowledged yet. Empty when the document is complete. */
  pendingChannels(document: D): readonly string[];
  /** The attempts that were acknowledged. Loss detection depends on them. */
  acknowledged(document: D): readonly { readonly channel: string; readonly token: Token }[];
  /**
   * The token of a reply, if it replies to a command. A reply to a command about an earlier document of the same id, which has
   * expired, is ignored. Without it, such a reply counts.
   */
  tokenOf?(reply: A): Token | undefined;
  /** Applies a reply to the document. A reply that does not change the document is ignored, with a named reason. */
  apply(document: D, reply: A, now: number): { readonly document: D } | { readonly ignored: string };
  /**
   * Whether a reader may wait for this change of a document. A change that is not awaited waits for other replies to its
   * document, up to `holdMs`, so that one write records them. Without it every change is awaited.
   */
  isAwaited?(before: D, after: D): boolean;
  /** The reply that takes effect when a deadline of the document has passed, if one has. */
  onTimeout(document: D, now: number): A | undefined;
  /**
   * Seconds for which a complete document is kept after its last write. Undefined: for ever. `apply` must ignore every
   * reply to a complete document, because a write over an expired document would restore it on some stores.
   */
  retentionSeconds?(document: D): number | undefined;
}

/** A command for the transport to send. */
export interface OutgoingCommand<D> {
  readonly channel: string;
  readonly lane: number;
  readonly token: Token;
  readonly document: D;
  /**
   * Whether the command must not share a message with others. It was sent before and not answered: its receiver may fail
   * on it, and the others must not be lost with it.
   */
  readonly alone: boolean;
}

/** Sends commands to the receivers. */
export interface Transport<D> {
  /**
   * Sends a batch and returns for each command, in order, whether the broker accepted it. `false` does not mean that the
   * command was not sent. Never rejects. The implementation bounds the duration.
   */
  send(batch: readonly OutgoingCommand<D>[]): Promise<readonly boolean[]>;
}

/** Receives notifications for metrics, logs and spans. The methods are called synchronously and must not throw. */
export interface Observer<D> {
  /** A batch of documents was committed. Times are Unix times in milliseconds. */
  committed?(batch: {
    readonly documents: readonly D[];
    /** Those of them that were not stored before under their ids. */
    readonly inserted: readonly D[];
    readonly startedAt: number;
    readonly endedAt: number;
    readonly attempts: number;
  }): void;
  /** A reply to a document was ignored. */
  ignored?(id: string, reason: string): void;
  /** A document is complete: no channel is pending. */
  completed?(document: D): void;
  /** An event without a method of its own, such as a takeover or a failed read. */
  event?(name: string, attributes: Readonly<Record<string, string | number>>): void;
}
