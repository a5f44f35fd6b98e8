import type { OutboxDocument } from '../ports.ts';
import type { StoredDocument } from '../stored-documents.ts';
import { laneOf } from '../util/hash.ts';
import type { SentCommand } from './send-window.ts';

/** Time between sending a command and the first read of its document. It doubles while nothing changes. */
export const POLL_MS = 200;

/**
 * The state of a command; README.md has the diagram.
 * - blocked: waits for a slot of its window.
 * - queued: holds a slot and waits to be sent.
 * - inFlight: sent, not yet acknowledged.
 * - verifying: holds a slot. It may be lost, so its document is read before the command is sent again.
 * - parked: out of the window after too many attempts.
 * - acked: acknowledged, or not needed any more.
 */
export type CommandState = 'blocked' | 'queued' | 'inFlight' | 'verifying' | 'parked' | 'acked';

/** One command of an open document on one channel. */
export interface Command<D> extends SentCommand {
  readonly entry: OpenDocument<D>;
  readonly channel: string;
  state: CommandState;
  /** Unanswered attempts that count towards parking: each one that was sent before another command that was acknowledged. */
  failedAttempts: number;
}

/** A segment of this writer with loaded documents. */
export interface LoadedSegment {
  readonly n: number;
  /** Number of ids that the segment names. */
  readonly size: number;
  /** Number of loaded documents. */
  open: number;
  /** Number of open documents that are not loaded or not readable. While there is one, the segment must stay. */
  parked: number;
}

/** A document that was looked up for its segment. `undefined`: it was not read, because it need not be. */
export type LoadedDocument<D> = StoredDocument<D> | 'absent' | 'unreadable' | undefined;

/** A document with pending channels that the relay works on. */
export interface OpenDocument<D> {
  readonly id: string;
  readonly lane: number;
  readonly createdAt: number;
  readonly segments: LoadedSegment[];
  commands: Command<D>[];
  /** Kept in memory while a command waits to be sent, and while it can save a read when replies arrive. */
  stored: StoredDocument<D> | undefined;
  /** Tick of the newest observation. Older observations are ignored. */
  observedAt: number;
  /** When the document is polled next, on the monotonic clock. */
  pollAt: number;
  /** Delay of the poll after that. */
  pollMs: number;
  /** When the document was last read or written, on the monotonic clock. */
  readAt: number;
}

/** An open document without commands. */
export const createOpenDocument = <D extends OutboxDocument>(
  stored: StoredDocument<D>,
  observedAt: number,
  now: number,
  lanes: number,
): OpenDocument<D> => ({
  id: stored.document.id,
  lane: laneOf(stored.document.id, lanes),
  createdAt: stored.document.createdAt,
  segments: [],
  commands: [],
  stored,
  observedAt,
  readAt: now,
  pollAt: now + POLL_MS,
  pollMs: POLL_MS,
});

/** A blocked command that was never sent. */
export const createCommand = <D>(entry: OpenDocument<D>, channel: string, failedAttempts: number): Command<D> => ({
  entry,
  channel,
  state: 'blocked',
  failedAttempts,
  sends: 0,
  sentAt: 0,
  cause: 'first',
});
