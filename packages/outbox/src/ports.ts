/**
 * What the outbox needs from outside. Everything that is slow, can fail or differs between two runs comes in through
 * here, so that the same code runs in production and in the simulation.
 */

/** Time. Two clocks, because the wall clock jumps and the monotonic one may stand still while a machine is suspended. */
export interface Clock {
  /** Milliseconds since some fixed moment of this process; never goes back. */
  monotonic(): number;
  /** Unix time in milliseconds; may jump either way. */
  wall(): number;
  /** Calls `fire` once, `ms` milliseconds from now at the earliest. Returns how to cancel it. */
  setTimer(ms: number, fire: () => void): () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

export interface Stored {
  readonly value: unknown;
  readonly etag: string;
}

/** Values come as JSON text: what goes into a transaction was turned into text before, to know its size. */
export type Operation =
  | { readonly op: 'insert'; readonly key: string; readonly json: string }
  | { readonly op: 'upsert'; readonly key: string; readonly json: string }
  | { readonly op: 'delete'; readonly key: string };

/**
 * committed: every operation is applied and durable.
 * refused: nothing was written, and nothing will be (the store did not understand the request).
 * unknown: anything else. Some, all or none of it may be applied, now or later.
 */
export type TransactionOutcome = 'committed' | 'refused' | 'unknown';

/**
 * written: every item is stored.
 * conflict: at least one ETag was stale; the other items are stored.
 * unknown: any subset may be stored, now or later.
 */
export type WriteOutcome = 'written' | 'conflict' | 'unknown';

/** A key-value store as Dapr offers it. Every call is bounded in time by whoever implements it. */
export interface Store {
  /** Never rejects. `insert` makes the transaction fail when its key exists; on some stores the rest is applied all the same. */
  transact(operations: readonly Operation[]): Promise<TransactionOutcome>;
  /** Missing keys are missing from the result. Rejects when the store can't be read. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>>;
  /** Compare-and-set, each item judged by itself. Never rejects. On some stores a missing key counts as a match. */
  write(
    items: readonly { readonly key: string; readonly value: unknown; readonly etag: string }[],
  ): Promise<WriteOutcome>;
  /** A single deletion, which a store may still take when it is too full for a transaction; a missing key counts as written. Never rejects. */
  remove(key: string): Promise<WriteOutcome>;
  /**
   * Which ETag a key has after a confirmed write over `etag`, or after its insertion (undefined). Undefined where only a read
   * can tell. Saves reads; a wrong foresight costs a conflict, and must never match what somebody else wrote.
   */
  etagAfter(etag: string | undefined): string | undefined;
}

/** Which attempt a command belongs to. The reply carries it back, and the handler records it with the answer. */
export interface Token {
  /** The writer that sent it. */
  readonly w: string;
  /** Attempt, from 1. */
  readonly a: number;
  /** When it was sent, on that writer's monotonic clock, in milliseconds. */
  readonly t: number;
}

/** A document that the outbox inserts and watches over until its business is done. */
export interface OutboxDocument {
  readonly id: string;
  /** Tells this insertion from every other one of the same id. */
  readonly nonce: string;
  /** Equal for equal requests. */
  readonly fingerprint: string;
  /** Unix time in milliseconds at which it was made. */
  readonly createdAt: number;
}

/** What only the owner of the documents knows. Pure functions, all of them. */
export interface DocumentHandler<D extends OutboxDocument, A> {
  /** Reads a stored value. Throws when it is of a version this code does not understand. */
  parse(value: unknown): D;
  /** Channels on which a command must (still) be answered; empty when the document is done. */
  pendingChannels(document: D): readonly string[];
  /** Which attempts have been answered, for loss detection. */
  acknowledged(document: D): readonly { readonly channel: string; readonly token: Token }[];
  /** What an answer makes of the document; an answer that changes nothing has a named reason. */
  apply(document: D, answer: A, now: number): { readonly document: D } | { readonly ignored: string };
  /** An answer that time gives by itself (a deadline has passed), if any. */
  onTimeout(document: D, now: number): A | undefined;
}

/** One command on its way out. */
export interface OutgoingCommand<D> {
  readonly channel: string;
  readonly lane: number;
  readonly token: Token;
  readonly document: D;
}

/** The way out. */
export interface Transport<D> {
  /**
   * Sends a batch; says for each entry, in order, whether the broker took it. Never rejects, bounded in time.
   * `false` does not say that it was not sent.
   */
  send(batch: readonly OutgoingCommand<D>[]): Promise<readonly boolean[]>;
}

/** What happened, for metrics, logs and spans. Must not throw; called synchronously. */
export interface Observer<D> {
  committed?(batch: {
    readonly documents: readonly D[];
    readonly startedAt: number;
    readonly endedAt: number;
    readonly attempts: number;
  }): void;
  ignored?(id: string, reason: string): void;
  completed?(document: D): void;
  event?(name: string, attributes: Readonly<Record<string, string | number>>): void;
}
