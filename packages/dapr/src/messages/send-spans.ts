import { ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { type BatchMessage, type CloudEvent, entriesOf, entryOf, isBatchType } from '@standing-order/contracts';
import {
  ATTRIBUTE_KEYS,
  contextOf,
  currentTrace,
  failSpan,
  isTraced,
  messageAttributes,
  SpanKind,
  startSpan,
  type TraceParent,
  traceOf,
} from '@standing-order/service-kit/telemetry';
import type { Publication } from '../types.ts';
import { withTrace } from './event.ts';

/** Messages about to be published, with their spans. */
export interface Sending {
  readonly messages: readonly Publication[];
  /** Ends the spans; those of messages that the broker did not accept fail. */
  end(accepted: readonly boolean[]): void;
}

/** An event that carries the spans of its sending. */
interface Traced {
  readonly event: CloudEvent;
  readonly spans: readonly Span[];
}

/**
 * Starts a `send` span for each message whose trace is recorded, as a child of the message's trace parent. The message then
 * carries that span, so that the spans of its receivers are children of this sending. The entries of a batch message have a
 * span each, in their own traces. It links to a span of the batch, which is in a trace of its own.
 */
export function startSending(topic: string, messages: readonly Publication[]): Sending {
  const sent = messages.map(({ event }) =>
    isBatchType(event.type) ? traceBatch(topic, event as BatchMessage) : traceMessage(topic, event),
  );
  return {
    messages: messages.map((message, index) => {
      const traced = sent[index];
      return traced && traced.spans.length > 0 ? { ...message, event: traced.event } : message;
    }),
    end(accepted) {
      for (const [index, { spans }] of sent.entries()) {
        for (const span of spans) {
          if (!accepted[index]) failSpan(span, 'the broker did not confirm the message');
          span.end();
        }
      }
    },
  };
}

function traceMessage(topic: string, event: CloudEvent, batch?: TraceParent): Traced {
  const parent = traceOf(event);
  if (!isTraced(parent)) return { event, spans: [] };
  const span = startSpan(`send ${topic}`, {
    kind: SpanKind.PRODUCER,
    parent: contextOf(parent),
    links: [batch],
    attributes: messageAttributes(topic, 'send', event),
  });
  return { event: withTrace(event, traceOfSpan(span)), spans: [span] };
}

function traceBatch(topic: string, event: BatchMessage): Traced {
  const traces = event.data.entries.map(traceOf).filter(isTraced);
  if (traces.length === 0) return { event, spans: [] };
  const entries = entriesOf(event) as readonly CloudEvent[];
  const span = startSpan(`send ${topic}`, {
    kind: SpanKind.PRODUCER,
    parent: ROOT_CONTEXT,
    links: traces,
    attributes: {
      ...messageAttributes(topic, 'send', event),
      [ATTRIBUTE_KEYS.messagingBatchCount]: entries.length,
    },
  });
  const batch = traceOfSpan(span);
  const traced = entries.map((entry) => traceMessage(topic, entry, batch));
  const data = { entries: traced.map((each) => entryOf(each.event)) };
  return { event: withTrace({ ...event, data }, batch), spans: [span, ...traced.flatMap(({ spans }) => spans)] };
}

const traceOfSpan = (span: Span) => currentTrace(trace.setSpan(contextOf(undefined), span));
