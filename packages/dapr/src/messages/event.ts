import { type CloudEvent, dataSchemaOf, type TraceParent } from '@standing-order/contracts';

/** The parts of an event that the sender chooses. */
export interface EventDraft<Type extends string, Data> {
  readonly id: string;
  /** The sender, as a URI reference: `/order`. */
  readonly source: string;
  readonly type: Type;
  readonly subject: string;
  /** Unix time in milliseconds. */
  readonly time: number;
  readonly data: Data;
  readonly trace: TraceParent | undefined;
  /** The key with which the event is published, for its receiver to reply with the same key. */
  readonly partitionKey?: string | undefined;
}

/** An envelope as it is sent: with `traceid` beside `traceparent`. */
export type SentEvent<Type extends string = string, Data = unknown> = CloudEvent<Type, Data> & {
  readonly traceid?: string;
};

/** A CloudEvents 1.0 envelope; `dataschema` follows from the type. */
export function createEvent<Type extends string, Data>(draft: EventDraft<Type, Data>): SentEvent<Type, Data> {
  const { id, source, type, subject, time, data, trace, partitionKey } = draft;
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject,
    time: new Date(time).toISOString(),
    datacontenttype: 'application/json',
    dataschema: dataSchemaOf(type),
    ...traceAttributes(trace),
    ...(partitionKey !== undefined && { partitionkey: partitionKey }),
    data,
  };
}

/** The same event with another trace parent. */
export const withTrace = (event: CloudEvent, trace: TraceParent | undefined): CloudEvent => ({
  ...event,
  ...traceAttributes(trace),
});

/**
 * Dapr's own envelopes have `traceid`, which plain Dapr applications read. In versions that publish without `rawPayload`, daprd
 * overwrites `traceparent` of an event without it.
 */
const traceAttributes = (trace: TraceParent | undefined) => ({
  ...(trace && { traceparent: trace.traceparent, traceid: trace.traceparent }),
  ...(trace?.tracestate && { tracestate: trace.tracestate }),
});
