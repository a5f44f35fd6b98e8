import { z } from 'zod';

/** One message as it was delivered, not yet validated. */
export interface RawEntry {
  /** Dapr's name for it in this delivery; empty in a single delivery. */
  readonly entryId: string;
  readonly event?: unknown;
}

export interface RawDelivery {
  readonly bulk: boolean;
  readonly entries: readonly RawEntry[];
}

/** success: done, do not send it again. retry: send it again. */
export type HandlingResult = 'success' | 'retry';

const bulkEnvelope = z.object({
  type: z.literal('com.dapr.event.sent.bulk'),
  entries: z.array(z.object({ entryId: z.string().min(1), event: z.unknown().optional() })),
});

/** What Dapr posted: its bulk envelope, or one event. */
export function readDelivery(body: unknown): RawDelivery {
  const bulk = bulkEnvelope.safeParse(body);
  return bulk.success
    ? { bulk: true, entries: bulk.data.entries }
    : { bulk: false, entries: [{ entryId: '', event: body }] };
}

const statusOf = (outcome: HandlingResult | undefined): string => (outcome === 'success' ? 'SUCCESS' : 'RETRY');

/** The answer that Dapr understands. Each entry gets a status: to a missing one Dapr gives a meaning of its own. */
export function deliveryAnswer(delivery: RawDelivery, outcomes: readonly (HandlingResult | undefined)[]): unknown {
  return delivery.bulk
    ? { statuses: delivery.entries.map(({ entryId }, index) => ({ entryId, status: statusOf(outcomes[index]) })) }
    : { status: statusOf(outcomes[0]) };
}
