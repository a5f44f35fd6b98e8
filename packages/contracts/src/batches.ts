import { z } from 'zod';
import { type CloudEvent, cloudEvent, dataSchemaOf } from './cloud-event.ts';
import { type MessageType, messageData } from './messages.ts';
import { outcomeTopic, TOPICS } from './topics.ts';

/** The topics on which one message may carry the messages about many orders. */
type BatchTopic = Extract<
  keyof typeof TOPICS,
  'consumer-commands' | 'restaurant-commands' | 'order-replies' | 'order-requests' | 'order-confirmations'
>;

/** The type of a batch message. The batches on the reply channels of all clients have one type. */
export type BatchType = `com.standing-order.${BatchTopic | 'order-outcomes'}-batch.v1`;

/** The types of the messages that a batch message of each type can carry. */
export const BATCH_ENTRY_TYPES = {
  'com.standing-order.consumer-commands-batch.v1': TOPICS['consumer-commands'].types,
  'com.standing-order.restaurant-commands-batch.v1': TOPICS['restaurant-commands'].types,
  'com.standing-order.order-replies-batch.v1': [
    'com.standing-order.consumer-validated.v1',
    'com.standing-order.consumer-refused.v1',
    'com.standing-order.order-details-validated.v1',
    'com.standing-order.order-details-refused.v1',
    'com.standing-order.settlement-noted.v1',
  ],
  'com.standing-order.order-requests-batch.v1': TOPICS['order-requests'].types,
  'com.standing-order.order-confirmations-batch.v1': TOPICS['order-confirmations'].types,
  // Only for clients whose requests have `readsBatches`.
  'com.standing-order.order-outcomes-batch.v1': ['com.standing-order.order-outcome.v1'],
} as const satisfies Record<BatchType, readonly MessageType[]>;

/** The batch type of a topic; undefined if its messages are never batched. */
export function batchTypeOf(topic: string): BatchType | undefined {
  const name = topic.startsWith(outcomeTopic('')) ? 'order-outcomes' : topic;
  const type = `com.standing-order.${name}-batch.v1`;
  return isBatchType(type) ? type : undefined;
}

/** Maximum number of entries in a batch message. */
export const MAX_BATCH_ENTRIES = 128;
/**
 * Maximum size of the entries of a batch message together, in bytes. With its envelope, a batch message has at most 32 KiB: the
 * size of the largest other message, for which streams and deliveries are dimensioned.
 */
export const MAX_BATCH_BYTES = 31 * 1024;

/**
 * Maximum number of entries that a receiver reads, beyond those of later versions. A larger message is unreadable as a whole: each
 * unreadable entry costs a dead letter, and an entry can be as short as a digit.
 */
const MAX_READ_ENTRIES = 1_024;

/**
 * A message inside a batch message. Its other attributes are those of the batch. Its subject is the id of its order, or the
 * correlation id of a request, which has no order yet. It has the trace context of its order.
 */
type BatchEntry = Pick<CloudEvent, 'id' | 'type' | 'traceparent' | 'tracestate' | 'data'>;

/** A message that carries the messages about at least two orders. */
export type BatchMessage = CloudEvent<BatchType, { readonly entries: readonly BatchEntry[] }>;

const { id, traceparent, tracestate } = cloudEvent.shape;

/** The schema of the data of a batch message, for documentation: receivers judge each entry by itself. */
export const batchSchema = (types: readonly MessageType[]): z.ZodType =>
  z.object({
    entries: z
      .array(
        z.discriminatedUnion(
          'type',
          types.map((entry) =>
            z.object({ id, type: z.literal(entry), traceparent, tracestate, data: messageData[entry] }),
          ) as never,
        ),
      )
      .min(2)
      .max(MAX_BATCH_ENTRIES),
  });

const envelope = cloudEvent.extend({
  type: z.enum(Object.keys(BATCH_ENTRY_TYPES) as BatchType[]),
  data: z.object({ entries: z.array(z.unknown()).max(MAX_READ_ENTRIES) }),
});

/** The message as an entry of a batch message. */
export function entryOf({ id, type, traceparent, tracestate, data }: CloudEvent): BatchEntry {
  return {
    id,
    type,
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    data,
  };
}

/**
 * The batch message with these entries.
 *
 * @param first one of the messages; its source, time and partition key are those of the batch
 */
export function createBatch(type: BatchType, first: CloudEvent, entries: readonly BatchEntry[]): BatchMessage {
  const { source, time, partitionkey } = first;
  return {
    specversion: '1.0',
    id: `${first.id}-batch`,
    source,
    type,
    subject: type.slice('com.standing-order.'.length, -'-batch.v1'.length),
    time,
    datacontenttype: 'application/json',
    dataschema: dataSchemaOf(type),
    ...(partitionkey !== undefined && { partitionkey }),
    data: { entries },
  };
}

/** Whether messages of this type are batch messages. */
export const isBatchType = (type: unknown): type is BatchType =>
  typeof type === 'string' && Object.hasOwn(BATCH_ENTRY_TYPES, type);

/** Whether this message is a batch message. Its entries may be unreadable. Never throws: `type` may be any JSON value. */
export function isBatch(message: unknown): message is BatchMessage {
  return isObject(message) && isBatchType(message.type) && envelope.safeParse(message).success;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The messages that a received message stands for: those inside a batch message, each with all its attributes, or else the
 * message itself. They are not validated.
 */
export function entriesOf(message: unknown): readonly unknown[] {
  if (!isBatch(message)) return [message];
  const { specversion, source, time, datacontenttype, partitionkey, data } = message;
  const shared = { specversion, source, time, datacontenttype, ...(partitionkey !== undefined && { partitionkey }) };
  return data.entries.map((entry: unknown) => {
    if (!isObject(entry)) return { ...shared, data: entry };
    const subject = isObject(entry.data) ? (entry.data.orderId ?? entry.data.correlationId) : undefined;
    const dataschema = typeof entry.type === 'string' ? dataSchemaOf(entry.type) : undefined;
    return { ...shared, subject, dataschema, ...entry };
  });
}
