/** Every number of the protocol. Times are milliseconds, sizes are UTF-16 code units of JSON. */
export interface Settings {
  /** Between two beats of a writer. */
  readonly beatMs: number;
  /** Between two looks at whether the directory still names this writer. */
  readonly registryMs: number;
  /** A confirmed beat older than this: the writer goes on under a new name only. */
  readonly expiryMs: number;
  /** Segment numbers reserved ahead of the next one. */
  readonly reservedNumbers: number;
  /** A wait before the store is asked again while starting, doubling up to the maximum. */
  readonly startBackoffMs: number;
  readonly startBackoffMaxMs: number;
  /** Most time that leaving waits for the batch under way. */
  readonly leaveMs: number;

  /** Between two looks at the other writers. */
  readonly watchMs: number;
  /** A writer whose record has not changed for this long is adopted. */
  readonly deadMs: number;
  /** When an adopted range is scanned again, counted from the end of its first scan. */
  readonly rescanAfterMs: readonly number[];
  /** A writer unchanged for this long may be taken out of the directory. */
  readonly retireMs: number;
  /** How fresh the last, empty look must be for that. */
  readonly retireScanMs: number;

  /** Most documents and most bytes of one transaction. */
  readonly batchDocuments: number;
  readonly batchSize: number;
  /** Between the starts of two transactions, unless a full batch waits: their number, not their size, is what costs. */
  readonly commitPaceMs: number;
  /** Most requests waiting, the batch under way included, and their total size. */
  readonly queueRequests: number;
  readonly queueSize: number;
  /** Most ids that this writer's segments may name before requests are turned away. */
  readonly maxOpen: number;
  /** A wait before a transaction is sent again, doubling up to the maximum. */
  readonly commitBackoffMs: number;
  readonly commitBackoffMaxMs: number;
  /** After so many attempts at a batch, and after as many more, it is asked whether the store takes others... */
  readonly isolateAfter: number;
  /** ...and after so many at one document alone. */
  readonly setAsideAfter: number;
  /** A name under which a transaction was given up that may still land is left after this long, and watched as a dead one's. */
  readonly uncertainMs: number;
  /** How long finished segments wait for a commit that takes their deletion along. */
  readonly deleteAfterMs: number;
  /** Most deletions in one transaction. */
  readonly deleteBatch: number;

  readonly lanes: number;
  /** Most commands in flight per channel and lane. */
  readonly window: number;
  /** Most documents loaded beyond the windows. */
  readonly lookAhead: number;
  /** Most freshly committed segments remembered until the cursor comes to them. */
  readonly cachedSegments: number;
  readonly sendBatch: number;
  /** Most batches being sent at a time, per channel. */
  readonly sendsUnderWay: number;
  /** A wait after the broker took nothing, doubling up to the maximum. */
  readonly sendBackoffMs: number;
  readonly sendBackoffMaxMs: number;

  /** How much later than a lost command another one must have been sent that was answered. Start (and least), most. */
  readonly reorderMs: number;
  readonly reorderMaxMs: number;
  /**
   * Whether what was answered in one lane tells what is lost in another: where the broker keeps no order within a lane, so that
   * lanes differ in nothing. Few commands in many lanes are told to be lost much sooner then.
   */
  readonly sharedEvidence: boolean;
  /** Clean answers after which the reorder window shrinks by a tenth. */
  readonly cleanAnswers: number;
  /** Without any evidence for this long the oldest command is sent again; doubles up to the maximum. */
  readonly probeMs: number;
  readonly probeMaxMs: number;
  /** Share by which a probe time is varied, either way. */
  readonly probeJitter: number;
  /** Attempts after which a document is stuck. */
  readonly attempts: number;
  readonly parkedRetryMs: number;
  /** Most stuck documents remembered; the rest is found again by the next pass. */
  readonly parkedRemembered: number;

  /** Between two looks at the documents in flight, doubling up to the maximum while nothing changes. */
  readonly pollMs: number;
  readonly pollMaxMs: number;
  /** Every document in flight is read at least this often, give or take a look, however little such reads have shown. */
  readonly pollSureMs: number;
  /** How long every document is read before an answer is recorded in it, after others were faster once. */
  readonly readAllMs: number;
  /** Most keys of one bulk read. */
  readonly readBatch: number;

  /** Segments older than this with at most `carryFew` open ids are merged... */
  readonly compactAgeMs: number;
  readonly compactMaxOpen: number;
  /** ...once the range is longer than this. */
  readonly compactRange: number;

  /** Most documents in one write of the recorder, most answers waiting, and how often a loser is tried again. */
  readonly replyBatch: number;
  readonly replyQueue: number;
  readonly replyAttempts: number;
  /** Between the starts of two writes of the recorder, unless the next one is full: answers to one document meet in it. */
  readonly replyPaceMs: number;

  /** An open document older than this is enlisted again when it is read. */
  readonly orphanAgeMs: number;
  /** Most ids remembered as enlisted, and most ids waiting to be. */
  readonly orphansRemembered: number;
  readonly orphanQueue: number;
  /** Most documents watched at a time. */
  readonly watches: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Good for any broker; `reorderMs` and `sharedEvidence` can be better for one. */
export const DEFAULT_SETTINGS: Settings = {
  beatMs: 2 * second,
  registryMs: 10 * second,
  expiryMs: 10 * minute,
  reservedNumbers: 1024,
  startBackoffMs: 100,
  startBackoffMaxMs: 5 * second,
  leaveMs: 20 * second,

  watchMs: 2 * second,
  deadMs: 10 * second,
  rescanAfterMs: [minute, 10 * minute, hour],
  retireMs: 24 * hour,
  retireScanMs: minute,

  batchDocuments: 128,
  batchSize: 1_000_000,
  commitPaceMs: 20,
  queueRequests: 2_000,
  queueSize: 4_000_000,
  maxOpen: 1_000_000,
  commitBackoffMs: 50,
  commitBackoffMaxMs: 2 * second,
  isolateAfter: 4,
  setAsideAfter: 3,
  uncertainMs: 10 * minute,
  deleteAfterMs: second,
  deleteBatch: 128,

  lanes: 64,
  window: 64,
  lookAhead: 2 * 64 * 64,
  cachedSegments: 64,
  sendBatch: 128,
  sendsUnderWay: 2,
  sendBackoffMs: 100,
  sendBackoffMaxMs: 5 * second,

  reorderMs: 5 * second,
  reorderMaxMs: 90 * second,
  sharedEvidence: false,
  cleanAnswers: 100,
  probeMs: 10 * second,
  probeMaxMs: 5 * minute,
  probeJitter: 0.2,
  attempts: 8,
  parkedRetryMs: hour,
  parkedRemembered: 10_000,

  pollMs: 200,
  pollMaxMs: 5 * second,
  pollSureMs: 15 * second,
  readAllMs: 10 * second,
  readBatch: 128,

  compactAgeMs: minute,
  compactMaxOpen: 64,
  compactRange: 1024,

  replyBatch: 512,
  replyQueue: 16_384,
  replyAttempts: 8,
  replyPaceMs: 20,

  orphanAgeMs: 10 * minute,
  orphansRemembered: 10_000,
  orphanQueue: 1_000,
  watches: 10_000,
};
