import {
  entriesOf,
  type Message,
  messageSchema,
  OUTCOME_TYPES,
  orderPartitionKey,
  outcomeTopic,
} from '@standing-order/contracts';
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
    data: { correlationId, replyTo: CLIENT, request: orderOf(requestNumber), readsBatches: true },
  });
  return { event, partitionKey: correlationId, group: 'first attempts', alone: false };
}

/** The content of an outcome or a refusal, and the receipt that confirms it. */
export interface OutcomeMessage {
  /** Undefined when the request was too malformed to have a correlation id. */
  readonly correlationId: string | undefined;
  readonly result: SendResult;
  readonly receipt?: BatchablePublication;
}

/**
 * Reads a message of the reply channel: a single outcome or refusal, or a batch message of outcomes.
 *
 * @throws when the message, or one of its entries, has no type of that channel
 */
export const readOutcomes = (text: string, now: number): OutcomeMessage[] =>
  entriesOf(JSON.parse(text)).map((entry) => readOutcome(schema.parse(entry), now));

function readOutcome(message: Message<(typeof OUTCOME_TYPES)[number]>, now: number): OutcomeMessage {
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
