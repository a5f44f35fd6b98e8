import { z } from 'zod';

/** One message of a delivery, not yet validated. */
export interface DeliveryEntry {
  /** Dapr's id of the message in this delivery; empty in a single delivery. */
  readonly entryId: string;
  readonly event?: unknown;
}

/** The body that Dapr posts to a subscriber: one message, or many. */
export interface DeliveryBody {
  readonly bulk: boolean;
  readonly entries: readonly DeliveryEntry[];
}

/** success: handled, acknowledge it. retry: deliver it again. */
export type DeliveryResult = 'success' | 'retry';

/** Or refused: acknowledge it and send it to the dead-letter topic, with the reason. */
export type HandlingResult = DeliveryResult | { readonly refused: string };

const bulkEnvelope = z.object({
  type: z.literal('com.dapr.event.sent.bulk'),
  entries: z.array(z.object({ entryId: z.string().min(1), event: z.unknown().optional() })),
});

/** Reads Dapr's bulk envelope, or takes the body for one event. */
export function readDelivery(body: unknown): DeliveryBody {
  const bulk = bulkEnvelope.safeParse(body);
  return bulk.success
    ? { bulk: true, entries: bulk.data.entries }
    : { bulk: false, entries: [{ entryId: '', event: body }] };
}

const statusOf = (result: DeliveryResult | undefined): string => (result === 'success' ? 'SUCCESS' : 'RETRY');

/** The response body for Dapr. Every entry has a status, since Dapr has its own default for an entry without one. */
export function deliveryResponse(delivery: DeliveryBody, results: readonly (DeliveryResult | undefined)[]): unknown {
  return delivery.bulk
    ? { statuses: delivery.entries.map(({ entryId }, index) => ({ entryId, status: statusOf(results[index]) })) }
    : { status: statusOf(results[0]) };
}
