import { type Context, reasonOf } from '../context.ts';
import type { Operation, OutboxDocument, Stored, TransactionOutcome } from '../ports.ts';
import type { StoredDocument } from '../recovery/segment-scan.ts';
import { segmentKey, segmentValue } from '../storage-format.ts';
import type { DeletionQueue } from './deletion-queue.ts';
import type { QueuedDocument } from './request-queue.ts';

/** Ids that get a segment of this writer. */
export interface SegmentRewrite {
  readonly ids: readonly string[];
  readonly resolve: (confirmed: boolean) => void;
}

/** What one segment is to name: documents that are written together with it, or ids that have theirs. */
export interface Batch<D> {
  items: readonly QueuedDocument<D>[];
  readonly move: SegmentRewrite | undefined;
  attempts: number;
}

export const idsOf = <D>({ items, move }: Batch<D>): readonly string[] => move?.ids ?? items.map(({ id }) => id);

/** Sends a batch once, under this number, together with some deletions; reads back what an unclear answer means. */
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
  const first = batch.items.filter(({ maybeStored }) => !maybeStored);
  for (const item of first) item.maybeStored = true;
  const outcome = await store.transact(operations);
  if (outcome === 'refused') for (const item of first) item.maybeStored = false;
  if (outcome === 'committed') deletions.confirm(finished);
  if (outcome !== 'unknown') return outcome;
  observer.event?.('commit-unclear', { attempts: batch.attempts, documents: batch.items.length });
  const seen = await readBack(context, batch, segment);
  return policies.isCommitted({ ...seen, wanted: batch.items.length }) ? 'committed' : 'unknown';
};

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

/** Present is proof, absent is not: the segment and every document that is there will stay there. */
const readBack = async <D extends OutboxDocument, A>(
  context: Context<D, A>,
  { items }: Batch<D>,
  segment: string,
): Promise<{ segment: boolean; present: number }> => {
  let found: ReadonlyMap<string, Stored>;
  try {
    found = await context.store.read([segment, ...items.map(({ key }) => key)]);
  } catch {
    return { segment: false, present: 0 };
  }
  let present = 0;
  for (const item of items) {
    const stored = found.get(item.key);
    if (stored === undefined) continue;
    present++;
    item.stored = parse(context, stored);
  }
  return { segment: found.has(segment), present };
};

const parse = <D extends OutboxDocument, A>(
  { handler, observer }: Context<D, A>,
  { value, etag }: Stored,
): StoredDocument<D> | 'unreadable' => {
  try {
    return { document: handler.parse(value), etag };
  } catch (error) {
    observer.event?.('document-unreadable', { reason: reasonOf(error) });
    return 'unreadable';
  }
};
