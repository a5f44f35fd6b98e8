import type { TraceParent } from '@standing-order/contracts';
import { contextOf, isTraced, recordSpan } from '@standing-order/service-kit/telemetry';
import type { Order } from '../domain/order.ts';

/** An order whose trace is not sampled costs no span. */
const isRecorded = (order: Order): order is Order & { readonly trace: TraceParent } => isTraced(order.trace);

const attributesOf = ({ id }: Order) => ({ 'order.id': id });

export interface Commit {
  readonly documents: readonly Order[];
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attempts: number;
}

/** Records one span for the batch and one for each order in the order's own trace. The spans are linked. */
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
      attributes: attributesOf(order),
      parent: contextOf(order.trace),
      links: [batch],
    });
  }
}

/** Records the moment at which an order was decided, in the order's trace. */
export function recordDecision(order: Order): void {
  if (order.status === 'PENDING' || !isRecorded(order)) return;
  recordSpan('decide', {
    startedAt: order.settledAt,
    endedAt: order.settledAt,
    attributes: { ...attributesOf(order), 'order.status': order.status },
    parent: contextOf(order.trace),
  });
}
