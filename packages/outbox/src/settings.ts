import { HOUR, MINUTE, SECOND } from './util/time.ts';

/**
 * The numbers that a service sets, or that the simulation varies. All other numbers of the protocol are constants beside
 * the code that uses them. Sizes are counted in items; the unit of a time is in its name.
 */
export interface Settings {
  /** Ids that the segments of one writer may name before `store` returns `full`. Keeps the store from filling up. */
  readonly maxOpen: number;
  /** Milliseconds: a command is lost when a command sent this much later was acknowledged. Start and minimum of the reorder window. */
  readonly reorderMs: number;
  /**
   * Whether an acknowledgement in one lane is evidence of loss in the other lanes of its channel. True for a broker that
   * keeps no order within a lane: its lanes do not differ, and loss of few commands in many lanes is detected much sooner.
   */
  readonly sharedEvidence: boolean;

  /** Milliseconds: a writer whose last confirmed heartbeat is older than this continues under a new name only. */
  readonly expiryMs: number;
  /** Segment numbers reserved ahead of the next number. */
  readonly reservedNumbers: number;
  /** Milliseconds: a name under which a transaction of unknown outcome was given up is left after this time. */
  readonly uncertainMs: number;

  /** Milliseconds after the end of the first scan of a stopped writer at which its segments are scanned again. */
  readonly rescanAfterMs: readonly number[];
  /** Milliseconds: a writer whose record is unchanged for this long may be removed from the registry. */
  readonly retireMs: number;
  /** Milliseconds: maximum age of the last, empty scan when a writer is removed from the registry. */
  readonly retireScanMs: number;

  /** Maximum number of documents in one transaction. */
  readonly batchDocuments: number;
  /** Maximum number of deletions in one transaction. */
  readonly deleteBatch: number;
  /** Attempts after which a batch of unknown outcome is split, if the store accepts other writes. */
  readonly isolateAfter: number;
  /** Attempts after which a single document of unknown outcome is set aside, if the store accepts other writes. */
  readonly setAsideAfter: number;

  /** Number of lanes, which is the number of partition keys of messages. Part of the contract with receivers. */
  readonly lanes: number;
  /** Maximum number of commands in flight per channel and lane. */
  readonly window: number;
  /** Maximum number of commands loaded beyond the windows. */
  readonly lookAhead: number;
  /** Maximum number of just committed segments kept in memory until the segment loader reaches them. */
  readonly cachedSegments: number;
  /**
   * Milliseconds: maximum time for which commands wait to fill a message, while others of their message group are unanswered.
   * For a broker that delivers one message of a group at a time. 0: commands do not wait.
   */
  readonly fillMs: number;
  /** Maximum number of commands in one call of the transport. */
  readonly sendBatch: number;
  /** Acknowledgements without a spurious retransmission after which the reorder window shrinks by a tenth. */
  readonly cleanReplies: number;
  /** Milliseconds: maximum time between two retries of a parked document. */
  readonly parkedRetryMs: number;

  /** Maximum number of documents in one read of the store. */
  readonly readBatch: number;
  /** Maximum number of documents in one write of the reply recorder. */
  readonly replyBatch: number;
  /**
   * Maximum number of writes of the reply recorder at a time. More than one for a broker that delivers few messages at a time:
   * each of them waits for a write.
   */
  readonly replyWrites: number;
  /** Whether replies join the next write of the reply recorder until it starts, if their documents are in memory. */
  readonly joinWrites: boolean;
  /**
   * Milliseconds: maximum time for which a reply that no reader awaits waits for another reply to its document. Less than
   * `reorderMs`, so that no command counts as lost meanwhile.
   */
  readonly holdMs: number;
  /**
   * Whether a reply that waits is answered at once. For a broker that delivers the next message only when the last one is
   * answered. A reply that is lost with this process is repaired as a lost message is.
   */
  readonly answerHeld: boolean;

  /** Segments with at most this many open documents are compacted. */
  readonly compactMaxOpen: number;
  /** Length of the range of segment numbers above which segments are compacted. */
  readonly compactRange: number;
  /** Milliseconds: an open document older than this is added to a segment when it is read. */
  readonly orphanAgeMs: number;
  /** Maximum number of ids remembered as already added by the orphan indexer. */
  readonly orphansRemembered: number;
}

/** Correct for every broker. `reorderMs` and `sharedEvidence` can be tuned to one broker. */
export const DEFAULT_SETTINGS: Settings = {
  maxOpen: 1_000_000,
  reorderMs: 5 * SECOND,
  sharedEvidence: false,

  expiryMs: 10 * MINUTE,
  reservedNumbers: 1024,
  uncertainMs: 10 * MINUTE,

  rescanAfterMs: [MINUTE, 10 * MINUTE, HOUR],
  retireMs: 24 * HOUR,
  retireScanMs: MINUTE,

  batchDocuments: 128,
  deleteBatch: 128,
  isolateAfter: 4,
  setAsideAfter: 3,

  lanes: 64,
  window: 64,
  lookAhead: 2 * 64 * 64,
  cachedSegments: 64,
  fillMs: 0,
  sendBatch: 512,
  cleanReplies: 100,
  parkedRetryMs: HOUR,

  readBatch: 128,
  replyBatch: 512,
  replyWrites: 1,
  joinWrites: false,
  holdMs: 0,
  answerHeld: false,

  compactMaxOpen: 64,
  compactRange: 1024,
  orphanAgeMs: 10 * MINUTE,
  orphansRemembered: 10_000,
};
