import type { OutboxDocument } from './ports.ts';
import type { Settings } from './settings.ts';
import { MINUTE, SECOND } from './util/time.ts';

/** A writer whose record has not changed for this long counts as stopped. */
const DEAD_AFTER_MS = 10 * SECOND;
/** Time until a parked document is retried first. It doubles up to the setting `parkedRetryMs`. */
export const PARKED_RETRY_MS = MINUTE;
/**
 * Maximum age of a document that is written. A document in flight is polled every 20 s at least, so this costs a read only for a
 * document that has waited longer for its window, and after a pause of the process.
 */
const MAX_AGE_MS = 30 * SECOND;
/** Upper bound of the reorder window. */
export const MAX_REORDER_MS = 90 * SECOND;

/**
 * The decisions on which the promises of the protocol depend, each as a pure function. They are replaceable for one
 * purpose: the simulation breaks each of them in a variant and must detect the violation. A service never replaces one.
 */
export interface Policies {
  /** Whether a batch is committed, by the keys that were read back after an unknown outcome. Presence is proof, absence is not. */
  isCommitted(seen: { readonly segment: boolean; readonly present: number; readonly wanted: number }): boolean;
  /** Whether a batch of unknown outcome counts as failed instead of being sent again. */
  givesUp(batch: { readonly attempts: number }): boolean;
  /** Whether a batch of unknown outcome is split to find the document that the store does not accept. */
  isolates(
    batch: {
      readonly attempts: number;
      readonly documents: number;
      readonly unstored: number;
      /** The batch is a part of one that was split before. */
      readonly isolated: boolean;
    },
    settings: Settings,
  ): boolean;
  /** Whether a document may be sent. After its clients were answered `unsent`, the document must never be stored. */
  maySend(item: { readonly waiting: number; readonly maybeStored: boolean }): boolean;
  /** Whether a segment number counts as deleted although its transaction was given up and may still be applied. */
  dropsUncertain(): boolean;
  /** The operation that writes a new document. */
  documentOperation(): 'insert' | 'upsert';
  /** The result of `store` for a request, given the stored document of the same id. */
  storeOutcome(stored: OutboxDocument, requested: OutboxDocument): 'created' | 'existing' | 'different';
  /** The order of the operations inside a transaction. */
  compareKeys(a: string, b: string): number;

  /** Whether segment number `n` may be used. `limit` was read back from the writer's record. */
  mayUseNumber(n: number, limit: number): boolean;
  /** Whether the last confirmed heartbeat is too old to send, or to acknowledge, anything under this name. */
  isExpired(age: { readonly monotonicMs: number; readonly wallMs: number }, settings: Settings): boolean;

  /** The segment numbers of a stopped writer to scan, both ends included. */
  takeoverRange(writer: { readonly low: number; readonly limit: number }): {
    readonly from: number;
    readonly to: number;
  };
  /** Whether a writer counts as stopped. */
  isDead(writer: { readonly unchangedMs: number; readonly left: boolean }): boolean;
  /** Whether the range of a stopped writer is due for another scan. `rescans` counts the scans after the first. */
  mayRescan(writer: { readonly rescans: number; readonly sinceFirstScanMs: number }, settings: Settings): boolean;
  /** Whether a stopped writer may be removed from the registry. */
  mayRetire(
    writer: { readonly unchangedMs: number; readonly lastScanEmpty: boolean; readonly lastScanAgeMs: number },
    settings: Settings,
  ): boolean;
  /** Whether a segment may be deleted whose open ids are written to a new segment. */
  mayDeleteRewritten(newSegment: 'planned' | 'confirmed'): boolean;
  /** Whether a segment may be deleted. `absent` documents may still be stored while their writer may have writes in flight. */
  mayDeleteSegment(segment: { readonly open: number; readonly absent: number }): boolean;

  /** Whether a send window has a free slot. */
  hasRoom(inFlight: number, settings: Settings): boolean;
  /** Whether a command is lost. `evidence` is the latest send time that was acknowledged. */
  isLost(command: { readonly sentAt: number; readonly reorderMs: number; readonly evidence: number }): boolean;
  /** Whether a command gets a message of its own. `failedAttempts` counts those before its document was parked, too. */
  sendsAlone(command: { readonly cause: 'first' | 'lost' | 'probe'; readonly failedAttempts: number }): boolean;
  /** How many commands in flight are sent again when there is no evidence at all. */
  probeCount(inFlight: number): number;
  /** Whether a lane that was probed without an answer is probed before its own probe time, so that its channel is never quiet for long. */
  isChannelProbeDue(channel: { readonly sinceProbeMs: number; readonly delayMs: number }): boolean;
  /** Whether the other lanes of a channel are probed soon, after a lane that was probed is acknowledged. */
  endsSilence(lane: { readonly wasSilent: boolean }): boolean;
  /** Whether an unanswered attempt counts towards parking. `evidence` is the latest send time that was acknowledged. */
  countsAttempt(attempt: { readonly sentAt: number; readonly evidence: number }): boolean;
  /** Milliseconds until a parked document is retried. `retries` counts the retries since it was parked first. */
  parkedRetryMs(retries: number, settings: Settings): number;
  /** The next reorder window, after a retransmission that was not needed or after enough acknowledgements without one. */
  nextReorderMs(reorderMs: number, cause: 'spurious' | 'clean', settings: Settings): number;

  /** Whether the store may delete a document after its retention. `pending` is the number of its pending channels. */
  mayExpire(document: { readonly pending: number }): boolean;
  /**
   * Whether a reply counts for the stored document. `replied` is the mark of the document that its command was about: an earlier one
   * of the same id, if it is not the mark of the stored document. Undefined if the reply has no mark.
   */
  countsReply(marks: { readonly replied: string | undefined; readonly stored: string }): boolean;
  /**
   * Whether a document that was read this long ago may be written. It may have expired while the process was paused, and on some
   * stores a write would restore it.
   */
  mayWrite(age: { readonly monotonicMs: number; readonly wallMs: number }): boolean;
  /** Whether a document that was read is added to a segment, in case no other segment names it. */
  indexesOrphan(document: { readonly open: boolean; readonly ageMs: number }, settings: Settings): boolean;
}

/** The policies of the protocol. */
export const DEFAULT_POLICIES: Policies = {
  isCommitted: ({ segment, present, wanted }) => segment && present === wanted,
  givesUp: () => false,
  isolates: ({ attempts, documents, unstored, isolated }, { isolateAfter, setAsideAfter }) => {
    const after = documents === 1 ? setAsideAfter : isolated ? 1 : isolateAfter;
    return unstored > 0 && attempts % after === 0;
  },
  maySend: ({ waiting, maybeStored }) => waiting > 0 || maybeStored,
  dropsUncertain: () => false,
  documentOperation: () => 'insert',
  storeOutcome: (stored, requested) => {
    if (stored.nonce === requested.nonce) return 'created';
    return stored.fingerprint === requested.fingerprint ? 'existing' : 'different';
  },
  compareKeys: (a, b) => (a < b ? -1 : a > b ? 1 : 0),

  mayUseNumber: (n, limit) => n < limit,
  isExpired: ({ monotonicMs, wallMs }, { expiryMs }) => Math.max(monotonicMs, wallMs) > expiryMs,

  takeoverRange: ({ low, limit }) => ({ from: low, to: limit }),
  isDead: ({ unchangedMs, left }) => left || unchangedMs > DEAD_AFTER_MS,
  mayRescan: ({ rescans, sinceFirstScanMs }, { rescanAfterMs }) => {
    const due = rescanAfterMs[rescans];
    return due !== undefined && sinceFirstScanMs >= due;
  },
  mayRetire: ({ unchangedMs, lastScanEmpty, lastScanAgeMs }, { retireMs, retireScanMs }) =>
    unchangedMs > retireMs && lastScanEmpty && lastScanAgeMs < retireScanMs,
  mayDeleteRewritten: (newSegment) => newSegment === 'confirmed',
  mayDeleteSegment: ({ open, absent }) => open === 0 && absent === 0,

  hasRoom: (inFlight, { window }) => inFlight < window,
  isLost: ({ sentAt, reorderMs, evidence }) => sentAt + reorderMs < evidence,
  // A message that made its receiver fail is not sent again: each of its commands is, alone.
  sendsAlone: ({ cause, failedAttempts }) => cause !== 'first' || failedAttempts > 0,
  probeCount: () => 1,
  isChannelProbeDue: ({ sinceProbeMs, delayMs }) => sinceProbeMs >= delayMs,
  endsSilence: ({ wasSilent }) => wasSilent,
  // During an outage of the channel the attempts prove nothing about the document.
  countsAttempt: ({ sentAt, evidence }) => evidence >= sentAt,
  parkedRetryMs: (retries, { parkedRetryMs }) => Math.min(PARKED_RETRY_MS * 2 ** retries, parkedRetryMs),
  nextReorderMs: (current, cause, { reorderMs }) =>
    cause === 'spurious' ? Math.min(2 * current, MAX_REORDER_MS) : Math.max(0.9 * current, reorderMs),

  mayExpire: ({ pending }) => pending === 0,
  countsReply: ({ replied, stored }) => replied === undefined || replied === stored,
  // A wall clock that jumps costs a read.
  mayWrite: ({ monotonicMs, wallMs }) => Math.max(monotonicMs, Math.abs(wallMs)) <= MAX_AGE_MS,
  // A document from the future comes from a clock that is off, so its age is unknown.
  indexesOrphan: ({ open, ageMs }, { orphanAgeMs }) => open && Math.abs(ageMs) > orphanAgeMs,
};
