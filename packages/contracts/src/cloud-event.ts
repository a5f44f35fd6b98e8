import { z } from 'zod';

/** The position of a message in a trace (W3C Trace Context). */
export interface TraceParent {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** The header or attribute `traceparent` of W3C Trace Context. */
export const traceParent = z
  .string()
  .regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'must be a W3C traceparent');

/**
 * CloudEvents 1.0 with the attributes that Standing Order always sets. Unknown attributes are accepted and removed. An invalid
 * `traceparent` or `partitionkey` of a sender is removed; the message is accepted.
 */
export const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(255),
  source: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  subject: z.string().min(1).max(255),
  time: z.iso.datetime({ offset: true }),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string().max(255).optional(),
  traceparent: traceParent.optional().catch(undefined),
  tracestate: z.string().max(512).optional().catch(undefined),
  partitionkey: z.string().min(1).max(255).optional().catch(undefined),
  data: z.unknown(),
});

/** An event of one type with its data. */
export interface CloudEvent<Type extends string = string, Data = unknown> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: Type;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  /** The key by which the broker chooses the partition (CloudEvents Partitioning extension). A reply uses the same. */
  readonly partitionkey?: string | undefined;
  readonly data: Data;
}

/** `dataschema` of a message type: the `$id` of its data's schema in /asyncapi.json. Short, since every message has it. */
export const dataSchemaOf = (type: string): string =>
  `urn:standing-order:${type.replace(/^com\.standing-order\./, '')}`;
