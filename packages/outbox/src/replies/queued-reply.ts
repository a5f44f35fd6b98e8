import type { RecordResult } from '../api.ts';
import type { Times } from '../util/time.ts';

/** A reply that is not recorded yet. */
export interface QueuedReply<D, A> {
  readonly id: string;
  readonly reply: A;
  readonly resolve: (result: RecordResult<D>) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
  /** An earlier write of this reply may have been stored. */
  maybeStored: boolean;
  /** That write would have completed the document. */
  maybeCompleted: boolean;
}

/** A document with replies applied. Without `applied` replies the document is not written. */
export interface Change<D, A> {
  readonly id: string;
  readonly etag: string;
  /** When it was read. */
  readonly asOf: Times;
  readonly document: D;
  readonly applied: readonly QueuedReply<D, A>[];
}

/** Documents to be written together. */
export interface Batch<D, A> {
  readonly changes: readonly Change<D, A>[];
  /** To be called when the write has ended. */
  readonly end: () => void;
}
