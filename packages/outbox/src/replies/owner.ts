import type { StoredDocument } from '../stored-documents.ts';

/** The parts of the outbox that a recorder uses. */
export interface ReplyRecorderOwner<D> {
  /** The document as the relay has it in memory. */
  known(id: string): StoredDocument<D> | undefined;
  /** Documents that were just written. */
  recorded(documents: readonly StoredDocument<D>[]): void;
  /** A document is complete, but it may have no expiry: the answer to the write that completed it was lost. */
  completedUnclearly(document: D): void;
}
