import { trace } from '@opentelemetry/api';
import type { TraceParent } from '@standing-order/contracts';
import {
  contextOf,
  currentTrace,
  failSpan,
  keys,
  MESSAGING_SYSTEM,
  recordSpan,
  SpanKind,
  startSpan,
} from '@standing-order/platform/telemetry';
import type { Order } from './order/order.ts';

/** Orders whose trace nobody records cost no span. */
function isTraced(order: Order): order is Order & { readonly trace: TraceParent } {
  return order.trace !== undefined && (Number.parseInt(order.trace.traceparent.slice(-2), 16) & 1) === 1;
}

function about({ id }: Order) {
  return { 'order.id': id };
}

export interface Send {
  /** What the message carries, so that what is done with it follows from this sending. */
  readonly trace: TraceParent | undefined;
  end(taken: boolean): void;
}

/** Begins the `send` span of one command, in the trace of its order. */
export function startSend(topic: string, order: Order): Send {
  if (!isTraced(order)) return { trace: order.trace, end: () => {} };
  const parent = contextOf(order.trace);
  const attributes = {
    ...about(order),
    [keys.messagingSystem]: MESSAGING_SYSTEM,
    [keys.messagingDestination]: topic,
    [keys.messagingOperationName]: 'send',
    [keys.messagingOperationType]: 'send',
  };
  const span = startSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes, parent });
  return {
    trace: currentTrace(trace.setSpan(parent, span)),
    end(taken) {
      if (!taken) failSpan(span, 'the broker did not confirm it');
      span.end();
    },
  };
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
  const traced = documents.filter(isTraced);
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
  if (order.status === 'PENDING' || !isTraced(order)) return;
  recordSpan('settle', {
    startedAt: order.settledAt,
    endedAt: order.settledAt,
    attributes: { ...about(order), 'order.status': order.status },
    parent: contextOf(order.trace),
  });
}
