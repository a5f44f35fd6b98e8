import { type FieldFault, traceParent } from '@standing-order/contracts';
import { deterministicUuid } from '@standing-order/service-kit/runtime';
import { z } from 'zod';
import { createEvent, type SentEvent } from './event.ts';

/** Characters of an invalid message that its dead letter keeps. */
const MAX_PAYLOAD = 64 * 1024;

/** Depth up to which a dead letter keeps a message that is nested too deeply to be serialised. */
const MAX_DEPTH = 32;

/** The data of a message on a dead-letter topic. */
export interface DeadLetter {
  readonly reason: string;
  readonly faults: readonly FieldFault[];
  readonly topic: string;
  /** The attributes of the original message, as far as it had them. */
  readonly original: {
    readonly id?: string | undefined;
    readonly type?: string | undefined;
    readonly source?: string | undefined;
  };
  /** The message as JSON, cut off after 65,536 characters. A message that is nested too deeply is cut off at a depth of 32. */
  readonly payload: string;
  readonly truncated: boolean;
}

const text = z.string().max(255).optional().catch(undefined);
const envelope = z
  .object({ id: text, type: text, source: text, subject: text, traceparent: traceParent, tracestate: text })
  .partial()
  .catch({});

/**
 * The dead letter for an invalid message. Dapr gives a dead letter a new id, so the original's id is kept in the data. The same
 * message always becomes the same dead letter. `now` is Unix time in milliseconds.
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
  const { payload, cut } = payloadOf(event);
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
      truncated: cut || payload.length > MAX_PAYLOAD,
    },
  });
}

/** Never throws: the dead letter of one message must not fail those of the others. */
function payloadOf(event: unknown): { readonly payload: string; readonly cut: boolean } {
  try {
    return { payload: JSON.stringify(event) ?? 'undefined', cut: false };
  } catch {
    // Parsing has no limit of depth, but serialising recurses on Node 24.
    return { payload: JSON.stringify(cutOff(event, MAX_DEPTH)), cut: true };
  }
}

function cutOff(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '...';
  if (Array.isArray(value)) return value.map((item) => cutOff(item, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cutOff(item, depth - 1)]));
}
