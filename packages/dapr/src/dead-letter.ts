import { type FieldFault, traceParent } from '@standing-order/contracts';
import { deterministicUuid } from '@standing-order/service-kit/runtime';
import { z } from 'zod';
import { createEvent, type SentEvent } from './event.ts';

/** How much of a message that nobody can read is kept, in characters. */
const MAX_PAYLOAD = 64 * 1024;

export interface DeadLetter {
  readonly reason: string;
  readonly faults: readonly FieldFault[];
  readonly topic: string;
  /** What the message said of itself. */
  readonly original: {
    readonly id?: string | undefined;
    readonly type?: string | undefined;
    readonly source?: string | undefined;
  };
  /** The message as JSON, cut off if it is long. */
  readonly payload: string;
  readonly truncated: boolean;
}

const text = z.string().max(255).optional().catch(undefined);
const envelope = z
  .object({ id: text, type: text, source: text, subject: text, traceparent: traceParent, tracestate: text })
  .partial()
  .catch({});

/**
 * What goes to the dead letter topic in place of a message that nobody can read. Dapr gives a dead letter a new id, so the
 * original's is kept in the data; the same message always becomes the same dead letter.
 */
export function deadLetterOf(
  topic: string,
  source: string,
  event: unknown,
  reason: string,
  faults: readonly FieldFault[],
  now: number,
): SentEvent<string, DeadLetter> {
  const { id, type, source: from, subject, traceparent, tracestate } = envelope.parse(event);
  const payload = JSON.stringify(event) ?? 'undefined';
  return createEvent({
    id: deterministicUuid(topic, payload),
    source,
    type: 'com.standing-order.dead-letter.v1',
    subject: subject || topic,
    time: now,
    trace: traceparent === undefined ? undefined : { traceparent, ...(tracestate && { tracestate }) },
    data: {
      reason,
      faults,
      topic,
      original: { id, type, source: from },
      payload: payload.slice(0, MAX_PAYLOAD),
      truncated: payload.length > MAX_PAYLOAD,
    },
  });
}
