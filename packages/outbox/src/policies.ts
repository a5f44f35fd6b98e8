import type { OutboxDocument, WriteOutcome } from './ports.ts';
import type { Settings } from './settings.ts';
import { rendezvous } from './util/hash.ts';

/**
 * The decisions that the protocol's promises hang on, each a pure function. They can be replaced one by one, so that
 * the simulation can show of each that it is needed; nobody else has a reason to.
 */
export interface Policies {
  /** Read back after an answer that was not "committed": did the batch happen? Present is proof, absent is not. */
  isCommitted(seen: { readonly segment: boolean; readonly present: number; readonly wanted: number }): boolean;
  /** Is a batch whose outcome is unknown taken for failed instead of being sent again? */
  givesUp(batch: { readonly attempts: number }): boolean;
  /** Is it asked whether the store takes others than this batch, so that its documents are to be told apart? */
  isolates(
    batch: { readonly attempts: number; readonly documents: number; readonly unstored: number },
    settings: Settings,
  ): boolean;
  /** Is a document sent, and sent again? Once its clients are told that nothing was stored, nothing may be. */
  maySend(item: { readonly waiting: number; readonly maybeStored: boolean }): boolean;
  /** May a segment number count as deleted under which a transaction was given up that may still land? */
  forgetsUncertain(): boolean;
  /** How a document is written first. */
  documentOperation(): 'insert' | 'upsert';
  /** What a stored document means for a request of the same id. */
  storeOutcome(stored: OutboxDocument, requested: OutboxDocument): 'created' | 'existing' | 'different';
  /** In which order the operations of a transaction are sent. */
  compareKeys(a: string, b: string): number;

  /** May segment `n` be used, when `limit` is what the writer's record was last read to say? */
  mayUseNumber(n: number, limit: number): boolean;
  /** Is the last confirmed beat too old to send, or to acknowledge, anything under this name? */
  isExpired(age: { readonly monotonicMs: number; readonly wallMs: number }, settings: Settings): boolean;

  /** Which segment numbers of another writer are scanned, both ends included. */
  takeoverRange(writer: { readonly low: number; readonly limit: number }): {
    readonly from: number;
    readonly to: number;
  };
  isDead(writer: { readonly unchangedMs: number; readonly left: boolean }, settings: Settings): boolean;
  /** Who of the living adopts `dead`. */
  successorOf(dead: string, living: Iterable<string>): string | undefined;
  /** Is an adopted range due to be scanned again? `looks` counts the scans after the first. */
  mayRescan(writer: { readonly rescans: number; readonly sinceFirstScanMs: number }, settings: Settings): boolean;
  mayRetire(
    writer: { readonly unchangedMs: number; readonly lastScanEmpty: boolean; readonly lastScanAgeMs: number },
    settings: Settings,
  ): boolean;
  /** May a segment go whose open ids are to live on in another one? */
  mayDeleteRewritten(home: 'planned' | 'confirmed'): boolean;
  /** May a segment go as it is? `absent` documents may still land while their writer is not known to be finished. */
  mayDeleteSegment(segment: { readonly open: number; readonly absent: number }): boolean;
  /** Is a segment merged with others? */
  isCompactable(segment: { readonly open: number; readonly ageMs: number }, settings: Settings): boolean;

  hasRoom(inFlight: number, settings: Settings): boolean;
  /** Is a command lost, judged by the latest sending that was answered? */
  isLost(command: { readonly sentAt: number; readonly reorderMs: number; readonly evidence: number }): boolean;
  /** How many of the commands in flight are sent again when there is no evidence at all. */
  probeCount(inFlight: number): number;
  /** Until the next probe, after `probeMs` without evidence; `random` is uniform in [0, 1). */
  probeDelay(probeMs: number, random: number, settings: Settings): number;
  nextProbe(probeMs: number, settings: Settings): number;
  reorderAfterSpurious(reorderMs: number, settings: Settings): number;
  reorderAfterClean(reorderMs: number, settings: Settings): number;
  isParked(attempts: number, settings: Settings): boolean;

  /** Which outcome of a write means that all of its answers are recorded; after any other they are read again. */
  recorded(outcome: WriteOutcome): boolean;
  /** Is an open document that was read given a segment, in case that no other names it? */
  indexesOrphan(document: { readonly open: boolean; readonly ageMs: number }, settings: Settings): boolean;
}

export const DEFAULT_POLICIES: Policies = {
  isCommitted: ({ segment, present, wanted }) => segment && present === wanted,
  givesUp: () => false,
  isolates: ({ attempts, documents, unstored }, { isolateAfter, setAsideAfter }) =>
    unstored > 0 && attempts % (documents > 1 ? isolateAfter : setAsideAfter) === 0,
  maySend: ({ waiting, maybeStored }) => waiting > 0 || maybeStored,
  forgetsUncertain: () => false,
  documentOperation: () => 'insert',
  storeOutcome: (stored, requested) => {
    if (stored.nonce === requested.nonce) return 'created';
    return stored.fingerprint === requested.fingerprint ? 'existing' : 'different';
  },
  compareKeys: (a, b) => (a < b ? -1 : a > b ? 1 : 0),

  mayUseNumber: (n, limit) => n < limit,
  isExpired: ({ monotonicMs, wallMs }, { expiryMs }) => Math.max(monotonicMs, wallMs) > expiryMs,

  takeoverRange: ({ low, limit }) => ({ from: low, to: limit }),
  isDead: ({ unchangedMs, left }, { deadMs }) => left || unchangedMs > deadMs,
  successorOf: rendezvous,
  mayRescan: ({ rescans, sinceFirstScanMs }, { rescanAfterMs }) => {
    const due = rescanAfterMs[rescans];
    return due !== undefined && sinceFirstScanMs >= due;
  },
  mayRetire: ({ unchangedMs, lastScanEmpty, lastScanAgeMs }, { retireMs, retireScanMs }) =>
    unchangedMs > retireMs && lastScanEmpty && lastScanAgeMs < retireScanMs,
  mayDeleteRewritten: (home) => home === 'confirmed',
  mayDeleteSegment: ({ open, absent }) => open === 0 && absent === 0,
  isCompactable: ({ open, ageMs }, { compactAgeMs, compactMaxOpen }) => open <= compactMaxOpen && ageMs > compactAgeMs,

  hasRoom: (inFlight, { window }) => inFlight < window,
  isLost: ({ sentAt, reorderMs, evidence }) => sentAt + reorderMs < evidence,
  probeCount: () => 1,
  probeDelay: (probeMs, random, { probeJitter }) => probeMs * (1 + probeJitter * (2 * random - 1)),
  nextProbe: (probeMs, { probeMaxMs }) => Math.min(2 * probeMs, probeMaxMs),
  reorderAfterSpurious: (reorderMs, { reorderMaxMs }) => Math.min(2 * reorderMs, reorderMaxMs),
  reorderAfterClean: (current, { reorderMs }) => Math.max(0.9 * current, reorderMs),
  isParked: (attempts, settings) => attempts >= settings.attempts,

  recorded: (outcome) => outcome === 'written',
  // A document from the future is of a clock that is off: nobody knows how old it is.
  indexesOrphan: ({ open, ageMs }, { orphanAgeMs }) => open && Math.abs(ageMs) > orphanAgeMs,
};
