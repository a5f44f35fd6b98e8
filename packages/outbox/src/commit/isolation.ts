import type { Policies } from '../policies.ts';
import type { Settings } from '../settings.ts';
import type { Batch } from './commit-attempt.ts';
import type { QueuedDocument } from './request-queue.ts';

/**
 * Whether a document of the batch may be the reason for a failed attempt.
 * - none: the batch is sent again unchanged.
 * - certain: the store refused the batch, so one of its documents, or of its ids, is invalid.
 * - possible: the outcome stayed unknown. A document is the reason only if the store accepts another insertion now.
 */
export type Suspicion = 'none' | 'certain' | 'possible';

/**
 * Judges a failed attempt. Documents that are stored already cannot be the reason: such a batch lacks its segment only.
 * A rewrite has no documents. It is given up when it is refused, and its caller starts it again.
 */
export const suspicionOf = <D>(
  { items, rewrite, attempts, isolated }: Batch<D>,
  outcome: 'refused' | 'unknown',
  policies: Policies,
  settings: Settings,
): Suspicion => {
  const unstored = items.filter(({ stored }) => stored === undefined).length;
  if (outcome === 'refused') return rewrite !== undefined || unstored > 0 ? 'certain' : 'none';
  const facts = { attempts, documents: items.length, unstored, isolated };
  return policies.isolates(facts, settings) ? 'possible' : 'none';
};

/**
 * The parts of a batch that are sent next, each under its own segment number: the stored documents, which need a segment
 * only, and two halves of the others. Repeated on every part that fails, it finds one bad document of n in about
 * 2 log2 n transactions. A single part means that the document is alone.
 */
export const splitBatch = <D>(items: readonly QueuedDocument<D>[]): readonly (readonly QueuedDocument<D>[])[] => {
  const stored = items.filter((item) => item.stored !== undefined);
  const others = items.filter((item) => item.stored === undefined);
  const half = others.length >> 1;
  return [stored, others.slice(0, half), others.slice(half)].filter((part) => part.length > 0);
};
