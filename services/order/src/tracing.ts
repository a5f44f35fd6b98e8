import type { TraceParent } from '@standing-order/contracts';
import { contextOf, isTraced, recordSpan } from '@standing-order/service-kit/telemetry';
import type { Order } from './domain/order.ts';

/** Orders whose trace nobody records cost no span. */
const isRecorded = (order: Order): order is Order & { readonly trace: TraceParent } => isTraced(order.trace);

function about({ id }: Order) {
  return { 'order.id': id };
}

export interface Commit {
  readonly documents: readonly Order[];
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attempts: number;
}

/** One span for the batch, and one for each order in its own trace, linked to it. */
export function recordCommit({ documents, startedAt, endedAt, attempts }: Commit): void {
  const traced = documents.filter(isRecorded);
  if (traced.length === 0) return;
  const batch = recordSpan('commit batch', {
    startedAt,
    endedAt,
    attributes: { 'batch.size': documents.length, 'batch.attempts': attempts },
    links: traced.map((order) => order.trace),
  });
  for (const order of traced) {
    recordSpan('commit', {
      startedAt,
      endedAt,
      attributes: about(order),
      parent: contextOf(order.trace),
      links: [batch],
    });
  }
}

/** The moment at which an order is decided, in its own trace. */
export function recordSettlement(order: Order): void {
  if (order.status === 'PENDING' || !isRecorded(order)) return;
  recordSpan('settle', {
    startedAt: order.settledAt,
    endedAt: order.settledAt,
    attributes: { ...about(order), 'order.status': order.status },
    parent: contextOf(order.trace),
  });
}
