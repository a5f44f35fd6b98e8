import { type Message, messageSchema, OUTCOME_TYPES, outcomeTopic } from '@standing-order/contracts';
import { createEvent, type SentEvent } from '@standing-order/dapr';
import { DISTINCT, orderOf } from './orders.ts';
import type { Answer } from './target.ts';

/** The name of the client that orders by message. */
const CLIENT = 'bench';
const SOURCE = `/client/${CLIENT}`;

/** Where it hears what became of its orders. */
export const OUTCOMES = outcomeTopic(CLIENT);

const schema = messageSchema(OUTCOME_TYPES);

/** Makes CreateOrder messages, as text. Each is written out but for its ids and its time, since that is done for every order. */
export function requestWriter(
  consumers: number,
  restaurants: number,
): (n: number, correlationId: string, now: number) => string {
  const requests = Array.from({ length: DISTINCT }, (_, n) => orderOf(n, consumers, restaurants));
  return (n, correlationId, now) =>
    JSON.stringify(
      createEvent({
        id: correlationId,
        source: SOURCE,
        type: 'com.standing-order.create-order.v1',
        subject: correlationId,
        time: now,
        trace: undefined,
        data: { correlationId, replyTo: CLIENT, request: requests[n % DISTINCT] },
      }),
    );
}

/** What a message on the reply channel says, and what confirms it. */
export interface Heard {
  /** Undefined when the request was too broken to have one. */
  readonly correlationId: string | undefined;
  readonly answer: Answer;
  readonly receipt?: SentEvent;
}

/** Reads a message of the reply channel. @throws when it is none that may be there */
export function heard(text: string, now: number): Heard {
  const message: Message<(typeof OUTCOME_TYPES)[number]> = schema.parse(JSON.parse(text));
  const { correlationId } = message.data;
  if (message.type === 'com.standing-order.order-request-refused.v1')
    return { correlationId, answer: { other: 'refused', text: message.data.detail } };
  const { orderId, token } = message.data;
  const receipt = createEvent({
    id: `${message.id}-received`,
    source: SOURCE,
    type: 'com.standing-order.outcome-received.v1',
    subject: orderId,
    time: now,
    trace: undefined,
    data: { orderId, token },
  });
  return { correlationId, answer: { id: orderId }, receipt };
}
