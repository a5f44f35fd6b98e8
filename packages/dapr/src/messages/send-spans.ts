import { type Span, trace } from '@opentelemetry/api';
import type { CloudEvent } from '@standing-order/contracts';
import {
  contextOf,
  currentTrace,
  failSpan,
  isTraced,
  messageAttributes,
  SpanKind,
  startSpan,
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

/**
 * Starts a `send` span for each message whose trace is recorded, as a child of the message's trace parent. The message then
 * carries that span, so that the spans of its receivers are children of this sending.
 */
export function startSending(topic: string, messages: readonly Publication[]): Sending {
  const spans = messages.map(({ event }) => startSendSpan(topic, event));
  return {
    messages: messages.map((message, index) => {
      const span = spans[index];
      return span ? { ...message, event: withTrace(message.event, currentTrace(contextWith(span))) } : message;
    }),
    end(accepted) {
      for (const [index, span] of spans.entries()) {
        if (span && !accepted[index]) failSpan(span, 'the broker did not confirm the message');
        span?.end();
      }
    },
  };
}

function startSendSpan(topic: string, event: CloudEvent): Span | undefined {
  const parent = traceOf(event);
  if (!isTraced(parent)) return undefined;
  return startSpan(`send ${topic}`, {
    kind: SpanKind.PRODUCER,
    parent: contextOf(parent),
    attributes: messageAttributes(topic, 'send', event),
  });
}

const contextWith = (span: Span) => trace.setSpan(contextOf(undefined), span);
