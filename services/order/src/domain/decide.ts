import type { Reason } from '@standing-order/contracts';
import type { Token } from '@standing-order/outbox';
import type {
  ConsumerValid,
  ConsumerVerdict,
  DetailsValid,
  DetailsVerdict,
  Order,
  Pending,
  Rejected,
  Validated,
  Verdict,
  Verdicts,
} from './order.ts';
import { isAsOrdered } from './ordered-lines.ts';

/** The inputs that can change an order: a validator's verdict, its deadline, and the confirmation of a message. */
export type OrderInput = Verdict | { readonly kind: 'time-up' } | Confirmation;

/**
 * A receiver has confirmed what the order service sent.
 *
 * received: the client that placed the order by message has the outcome.
 * noted: the notification service has the decided order.
 * indexed: the order is in the list of its consumer's orders.
 */
export interface Confirmation {
  readonly kind: 'received' | 'noted' | 'indexed';
  /** Of the message, or the attempt, that is confirmed. */
  readonly token: Token;
}

/** The reasons for which an input changes nothing. */
export type Ignored =
  | 'already-answered'
  | 'already-decided'
  | 'past-deadline'
  | 'before-deadline'
  | 'not-awaited'
  | 'not-decided'
  | 'not-as-ordered';

export type Decision = { readonly document: Order } | { readonly ignored: Ignored };

/**
 * Applies an input to an order. Pure: the same order, input and time give the same decision.
 *
 * - The first verdict of each kind counts.
 * - The order is decided when both verdicts are recorded, so that a rejection has every reason.
 * - From its deadline on an undecided order can only expire. A verdict that arrives later changes nothing.
 * - Prices count only for the ordered items and quantities.
 *
 * @param now Unix time in milliseconds
 */
export function decide(order: Order, input: OrderInput, now: number): Decision {
  if (isConfirmation(input)) return confirm(order, input);
  if (input.kind !== 'time-up' && order.answers[input.kind]) return { ignored: 'already-answered' };
  if (order.status !== 'PENDING') return { ignored: 'already-decided' };
  const isLate = order.deadline !== undefined && now >= order.deadline;
  if (input.kind === 'time-up') {
    return isLate ? { document: { ...order, status: 'EXPIRED', settledAt: now } } : { ignored: 'before-deadline' };
  }
  if (isLate) return { ignored: 'past-deadline' };
  if (!isAsOrdered(order, input)) return { ignored: 'not-as-ordered' };
  return { document: evaluateIfComplete({ ...order, answers: addVerdict(order.answers, input) }, now) };
}

/** Whether the order expects this confirmation. */
const IS_AWAITED: Readonly<Record<Confirmation['kind'], (order: Order) => boolean>> = {
  received: ({ replyTo }) => replyTo !== undefined,
  noted: ({ notify }) => notify === true,
  indexed: ({ index }) => index === true,
};

const isConfirmation = (input: OrderInput): input is Confirmation => input.kind in IS_AWAITED;

function confirm(order: Order, { kind, token }: Confirmation): Decision {
  if (!IS_AWAITED[kind](order)) return { ignored: 'not-awaited' };
  if (order.status === 'PENDING' && kind !== 'indexed') return { ignored: 'not-decided' };
  return order[kind] ? { ignored: 'already-answered' } : { document: { ...order, [kind]: token } };
}

function addVerdict(verdicts: Verdicts, verdict: Verdict): Verdicts {
  return verdict.kind === 'consumer' ? { ...verdicts, consumer: verdict } : { ...verdicts, details: verdict };
}

function evaluateIfComplete(order: Pending, now: number): Order {
  const { consumer, details } = order.answers;
  return consumer && details ? evaluate(order, consumer, details, now) : order;
}

/** Decides an order, stored or not, by both verdicts. Pure. */
export function evaluate(
  order: Pending,
  consumer: ConsumerVerdict,
  details: DetailsVerdict,
  now: number,
): Validated | Rejected {
  const decided = { ...order, settledAt: now };
  if (consumer.valid && details.valid) {
    const reasons = compareTotalWithLimit(consumer, details);
    const answers = { consumer, details };
    return reasons.length === 0
      ? { ...decided, status: 'VALIDATED', answers }
      : { ...decided, status: 'REJECTED', answers, reasons };
  }
  const reasons = [...(consumer.valid ? [] : consumer.reasons), ...(details.valid ? [] : details.reasons)];
  return { ...decided, status: 'REJECTED', answers: { consumer, details }, reasons };
}

/** The consumer service has the limit and the restaurant service has the total. Only the order has both. */
function compareTotalWithLimit({ orderLimit }: ConsumerValid, { total }: DetailsValid): Reason[] {
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
