import type { Command, LoadedSegment } from './open-document.ts';

/** The part of its writer's session that a relay uses. */
export interface RelayOwner<A> {
  readonly writer: string;
  /** No document of this segment is open any more. */
  segmentDone(segment: LoadedSegment): void;
  /** A deadline of the document has passed; `reply` has to be recorded. */
  timedOut(id: string, reply: A): void;
  /** A document has to be polled now. */
  poll(): void;
  /** There may be room to load more segments. */
  load(): void;
}

/** The part of the relay that a channel uses. */
export interface ChannelOwner<D> {
  readonly writer: string;
  /** The document to send. Undefined when the command must not be sent now. */
  documentFor(command: Command<D>): D | undefined;
  /** The broker accepted the command's batch. */
  sent(command: Command<D>): void;
}

/** The part of its writer's session that a poller uses. */
export interface InFlightPollerOwner<D, A> {
  /** A document has changed. */
  changed(document: D): void;
  /** A deadline of the document has passed; `reply` has to be recorded. */
  timedOut(id: string, reply: A): void;
}
