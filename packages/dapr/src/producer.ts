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
import { tracedAs } from './event.ts';
import type { Publication } from './types.ts';

/** Messages as they go out, and the spans that say what became of them. */
export interface Sending {
  readonly messages: readonly Publication[];
  end(taken: readonly boolean[]): void;
}

/**
 * Begins a `send` span for each message whose trace is recorded, as a child of where the message says that it comes from.
 * The message carries the span from then on, so that what is done with it follows from this sending.
 */
export function startSending(topic: string, messages: readonly Publication[]): Sending {
  const spans = messages.map(({ event }) => startSend(topic, event));
  return {
    messages: messages.map((message, index) => {
      const span = spans[index];
      return span ? { ...message, event: tracedAs(message.event, currentTrace(contextWith(span))) } : message;
    }),
    end(taken) {
      for (const [index, span] of spans.entries()) {
        if (span && !taken[index]) failSpan(span, 'the broker did not confirm it');
        span?.end();
      }
    },
  };
}

function startSend(topic: string, event: CloudEvent): Span | undefined {
  const from = traceOf(event);
  if (!isTraced(from)) return undefined;
  return startSpan(`send ${topic}`, {
    kind: SpanKind.PRODUCER,
    parent: contextOf(from),
    attributes: messageAttributes(topic, 'send', event),
  });
}

const contextWith = (span: Span) => trace.setSpan(contextOf(undefined), span);
