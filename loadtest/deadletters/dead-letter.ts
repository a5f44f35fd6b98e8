/** Dead-letter topics have the name of their topic with this end. */
export const DEAD_SUFFIX = '-dead';
/** The type of dead letters that the services write: they contain the message with the reason. */
const SERVICE_TYPE = 'com.standing-order.dead-letter.v1';
/** The entries of a batch message are three levels deep. A message can have more levels than the stack allows. */
const MAX_DEPTH = 8;

/** A message on a dead-letter topic. */
export interface Entry {
  /** The dead-letter topic. */
  readonly topic: string;
  /** Redis: the entry's id. Kafka: PARTITION:OFFSET. */
  readonly position: string;
  readonly content: string;
}

/** A dead letter in the terms of an operator. */
export interface DeadLetter {
  /** TOPIC/POSITION: names the dead letter in commands. */
  readonly ref: string;
  /** The topic that the message was sent to. */
  readonly topic: string;
  readonly reason: string;
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly time: string | undefined;
  /** The trace of the message. */
  readonly traceparent: string | undefined;
  /** Ids of the orders that the message is about. */
  readonly orders: readonly string[];
  /** The message as it was sent; undefined when the dead letter contains only a part of it. */
  readonly message: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

export const refOf = ({ topic, position }: Entry): string => `${topic}/${position}`;

/**
 * Reads an entry. A service's dead letter contains its message; Dapr's is the message itself. A sender chooses all fields of its message,
 * so a message that looks like the dead letter of another topic is none: a replay would send its payload to a topic that the sender
 * may not publish to.
 */
export function readDeadLetter(entry: Entry): DeadLetter {
  const event = fieldsIn(entry.content);
  const data = asFields(event.data);
  const topic = entry.topic.slice(0, -DEAD_SUFFIX.length);
  const isService = event.type === SERVICE_TYPE && data.topic === topic && typeof data.payload === 'string';
  const message = isService ? String(data.payload) : entry.content;
  const original = isService ? fieldsIn(message) : event;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    ref: refOf(entry),
    topic,
    reason: (isService && text(data.reason)) || 'not handled within the retries of the sidecar',
    id: text(original.id) ?? text(asFields(data.original).id),
    type: text(original.type) ?? text(asFields(data.original).type),
    time: text(original.time) ?? text(event.time),
    traceparent: text(original.traceparent) ?? text(event.traceparent),
    orders: [...new Set(orderIdsIn(original.data))],
    message: isService && data.truncated === true ? undefined : message,
  };
}

/** Every `orderId` in the data of a message, down to `depth` levels: a batch message is about many orders. */
function orderIdsIn(value: unknown, depth = MAX_DEPTH): string[] {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value).flatMap(([name, content]) =>
    name === 'orderId' && typeof content === 'string' ? [content] : orderIdsIn(content, depth - 1),
  );
}

const asFields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

function fieldsIn(json: string): Fields {
  try {
    return asFields(JSON.parse(json));
  } catch {
    // A message that is no JSON has no field.
    return {};
  }
}
