import type { Reason } from '@standing-order/contracts';
import type { Token } from '@standing-order/outbox';
import type {
  Answer,
  Answers,
  ConsumerAnswer,
  ConsumerValid,
  DetailsAnswer,
  DetailsValid,
  Order,
  Pending,
  Rejected,
  Validated,
} from './order.ts';

/** What may happen to an order: an answer arrives, its time is up, or somebody who is told of it has it. */
export type Message = Answer | { readonly kind: 'time-up' } | Confirmation;

/**
 * received: whoever asked by message has the outcome. noted: the notification service has it. indexed: the order is in the
 * list of its consumer's orders. `token`: of the sending that is confirmed.
 */
export interface Confirmation {
  readonly kind: 'received' | 'noted' | 'indexed';
  readonly token: Token;
}

/** Why a message changes nothing. */
export type Ignored =
  | 'already-answered'
  | 'already-settled'
  | 'past-deadline'
  | 'before-deadline'
  | 'nobody-waits'
  | 'not-settled';

export type Decision = { readonly document: Order } | { readonly ignored: Ignored };

/**
 * What a message makes of an order. Pure: the same order, message and time give the same decision.
 *
 * The first answer of each kind counts. An order is decided once both are in, so that a refusal carries every reason;
 * after its deadline only time decides, and whoever answers too late changes nothing.
 *
 * @param now Unix time in milliseconds
 */
export function decide(order: Order, message: Message, now: number): Decision {
  if (isConfirmation(message)) return confirm(order, message);
  if (message.kind !== 'time-up' && order.answers[message.kind]) return { ignored: 'already-answered' };
  if (order.status !== 'PENDING') return { ignored: 'already-settled' };
  const late = order.deadline !== undefined && now >= order.deadline;
  if (message.kind === 'time-up') {
    return late ? { document: { ...order, status: 'EXPIRED', settledAt: now } } : { ignored: 'before-deadline' };
  }
  if (late) return { ignored: 'past-deadline' };
  return { document: settle({ ...order, answers: withAnswer(order.answers, message) }, now) };
}

/** Whether the order has anybody who is to confirm this. */
const awaited: Readonly<Record<Confirmation['kind'], (order: Order) => boolean>> = {
  received: ({ replyTo }) => replyTo !== undefined,
  noted: ({ notify }) => notify === true,
  indexed: ({ index }) => index === true,
};

const isConfirmation = (message: Message): message is Confirmation => message.kind in awaited;

function confirm(order: Order, { kind, token }: Confirmation): Decision {
  if (!awaited[kind](order)) return { ignored: 'nobody-waits' };
  if (order.status === 'PENDING' && kind !== 'indexed') return { ignored: 'not-settled' };
  return order[kind] ? { ignored: 'already-answered' } : { document: { ...order, [kind]: token } };
}

function withAnswer(answers: Answers, answer: Answer): Answers {
  return answer.kind === 'consumer' ? { ...answers, consumer: answer } : { ...answers, details: answer };
}

function settle(order: Pending, now: number): Order {
  const { consumer, details } = order.answers;
  return consumer && details ? decideAtOnce(order, consumer, details, now) : order;
}

/** What both answers together make of an order, stored before or not. Pure. */
export function decideAtOnce(
  order: Pending,
  consumer: ConsumerAnswer,
  details: DetailsAnswer,
  now: number,
): Validated | Rejected {
  const settled = { ...order, settledAt: now };
  if (consumer.valid && details.valid) {
    const reasons = overLimit(consumer, details);
    const answers = { consumer, details };
    return reasons.length === 0
      ? { ...settled, status: 'VALIDATED', answers }
      : { ...settled, status: 'REJECTED', answers, reasons };
  }
  const reasons = [...(consumer.valid ? [] : consumer.reasons), ...(details.valid ? [] : details.reasons)];
  return { ...settled, status: 'REJECTED', answers: { consumer, details }, reasons };
}

/** The consumer knows the limit and the restaurant the total; only the order sees both. */
function overLimit({ orderLimit }: ConsumerValid, { total }: DetailsValid): Reason[] {
  if (orderLimit.currency !== total.currency) {
    return [
      {
        code: 'CURRENCY_MISMATCH',
        detail: `the consumer's limit is in ${orderLimit.currency}, the restaurant's prices are in ${total.currency}`,
      },
    ];
  }
  if (total.amount <= orderLimit.amount) return [];
  return [
    {
      code: 'ORDER_LIMIT_EXCEEDED',
      detail: `the total of ${total.amount} ${total.currency} (minor units) is above the consumer's limit of ${orderLimit.amount}`,
    },
  ];
}
