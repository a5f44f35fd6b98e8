import { type Message, messageSchema, OUTCOME_TYPES, orderPartitionKey, outcomeTopic } from '@standing-order/contracts';
import { type BatchablePublication, createEvent } from '@standing-order/dapr';
import type { SendResult } from './load.ts';
import { orderOf } from './orders.ts';

/** Name of the client that sends orders by message. */
const CLIENT = 'bench';
const SOURCE = `/client/${CLIENT}`;

/** The reply channel of that client. */
export const OUTCOMES = outcomeTopic(CLIENT);

const schema = messageSchema(OUTCOME_TYPES);

/** A CreateOrder message. It is a first attempt, which may share a batch message with others. */
export function createOrderMessage(requestNumber: number, correlationId: string, now: number): BatchablePublication {
  const event = createEvent({
    id: correlationId,
    source: SOURCE,
    type: 'com.standing-order.create-order.v1',
    subject: correlationId,
    time: now,
    trace: undefined,
    data: { correlationId, replyTo: CLIENT, request: orderOf(requestNumber) },
  });
  return { event, partitionKey: correlationId, group: 'first attempts', alone: false };
}

/** The content of a message on the reply channel, and the receipt that confirms it. */
export interface OutcomeMessage {
  /** Undefined when the request was too malformed to have a correlation id. */
  readonly correlationId: string | undefined;
  readonly result: SendResult;
  readonly receipt?: BatchablePublication;
}

/** Reads a message of the reply channel. @throws when the message has no type of that channel */
export function readOutcome(text: string, now: number): OutcomeMessage {
  const message: Message<(typeof OUTCOME_TYPES)[number]> = schema.parse(JSON.parse(text));
  const { correlationId } = message.data;
  if (message.type === 'com.standing-order.order-request-refused.v1')
    return { correlationId, result: { other: 'refused', text: message.data.detail } };
  const { orderId, token } = message.data;
  const event = createEvent({
    id: `${message.id}-received`,
    source: SOURCE,
    type: 'com.standing-order.outcome-received.v1',
    subject: orderId,
    time: now,
    trace: undefined,
    data: { orderId, token },
  });
  const receipt = { event, partitionKey: message.partitionkey ?? orderPartitionKey(orderId), alone: token.a > 1 };
  return { correlationId, result: { id: orderId }, receipt };
}
