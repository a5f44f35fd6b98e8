import type { Context } from '../context.ts';
import type { Operation, OutboxDocument, Stored, TransactionOutcome } from '../ports.ts';
import { segmentKey, segmentValue } from '../storage-format.ts';
import { parseDocument } from '../stored-documents.ts';
import { SECOND, type Times, timesOf } from '../util/time.ts';
import type { DeletionQueue } from './deletion-queue.ts';
import type { QueuedDocument } from './request-queue.ts';

/** Delay before a batch is sent again, in milliseconds. It doubles up to the maximum. */
export const COMMIT_BACKOFF_MS = 50;
/** Maximum delay before a batch is sent again. */
export const COMMIT_BACKOFF_MAX_MS = 2 * SECOND;

/** Ids of stored documents that get a new segment of this writer. */
export interface SegmentRewrite {
  readonly ids: readonly string[];
  readonly resolve: (confirmed: boolean) => void;
}

/** The contents of one new segment: documents to be inserted together with it, or the ids of a rewrite. */
export interface Batch<D> {
  items: readonly QueuedDocument<D>[];
  readonly rewrite: SegmentRewrite | undefined;
  attempts: number;
  /** When the last attempt was sent. */
  sentAt?: Times;
  /** Whether the keys could be read back after the last attempt of unknown outcome. */
  readable?: boolean;
  /** The batch is a part of one that was split to isolate a document. */
  readonly isolated: boolean;
}

/** The ids that the segment of this batch names. */
export const idsOf = <D>({ items, rewrite }: Batch<D>): readonly string[] => rewrite?.ids ?? items.map(({ id }) => id);

/**
 * Sends a batch once, under segment number `n`, together with some deletions. After an unknown outcome it reads back which
 * of the keys exist.
 */
export const attemptCommit = async <D extends OutboxDocument, A>(
  context: Context<D, A>,
  deletions: DeletionQueue,
  batch: Batch<D>,
  { writer, n }: { readonly writer: string; readonly n: number },
): Promise<TransactionOutcome> => {
  const { store, policies, settings, observer } = context;
  const segment = segmentKey(writer, n);
  const finished = deletions.first(settings.deleteBatch);
  const operations = operationsOf(context, batch, segment, finished);
  batch.attempts++;
  batch.sentAt = timesOf(context.clock);
  const first = batch.items.filter(({ maybeStored }) => !maybeStored);
  for (const item of first) item.maybeStored = true;
  const outcome = await store.transact(operations);
  if (outcome === 'refused') for (const item of first) item.maybeStored = false;
  if (outcome === 'committed') deletions.confirm(finished);
  if (outcome !== 'unknown') return outcome;
  observer.event?.('commit-unknown', { attempts: batch.attempts, documents: batch.items.length });
  const seen = await readBack(context, batch, segment);
  return policies.isCommitted({ ...seen, wanted: batch.items.length }) ? 'committed' : 'unknown';
};

/** The operations of one attempt, sorted by key: on PostgreSQL two transactions in opposite key order deadlock. */
const operationsOf = <D extends OutboxDocument, A>(
  { policies }: Context<D, A>,
  batch: Batch<D>,
  segment: string,
  finished: readonly string[],
): Operation[] => {
  const op = policies.documentOperation();
  const operations: Operation[] = [];
  for (const { key, json, stored } of batch.items) if (stored === undefined) operations.push({ op, key, json });
  operations.push({ op: 'upsert', key: segment, json: JSON.stringify(segmentValue(idsOf(batch))) });
  for (const key of finished) operations.push({ op: 'delete', key });
  return operations.sort((a, b) => policies.compareKeys(a.key, b.key));
};

/**
 * Presence is proof, absence is not: a segment or document that was read stays stored, and one that was not found may
 * still be written by an earlier attempt.
 */
const readBack = async <D extends OutboxDocument, A>(
  context: Context<D, A>,
  batch: Batch<D>,
  segment: string,
): Promise<{ segment: boolean; present: number }> => {
  const { items } = batch;
  const asOf = timesOf(context.clock);
  let found: ReadonlyMap<string, Stored>;
  batch.readable = false;
  try {
    found = await context.store.read([segment, ...items.map(({ key }) => key)]);
  } catch {
    return { segment: false, present: 0 };
  }
  batch.readable = true;
  let present = 0;
  for (const item of items) {
    const stored = found.get(item.key);
    if (stored === undefined) continue;
    present++;
    item.stored = parseDocument(context, item.document.id, stored, asOf);
  }
  return { segment: found.has(segment), present };
};
