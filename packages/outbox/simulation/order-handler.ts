import type { DocumentHandler, OutboxDocument, Token } from '../src/ports.ts';

/** The simulated order: two validations whose verdicts decide, then an announcement that must be acknowledged. */
export interface Order extends OutboxDocument {
  readonly body: string;
  readonly status: 'PENDING' | 'VALIDATED' | 'REJECTED' | 'EXPIRED';
  readonly answers: Readonly<Partial<Record<Validation, RecordedVerdict>>>;
  readonly announced?: Token;
  /** On the wall clock, like the deadline of a real order. */
  readonly deadline?: number;
  readonly erased?: boolean;
}

/** Channels whose replies carry a verdict. */
export type Validation = 'consumer' | 'details';

/** A verdict as it is recorded in the order. */
export interface RecordedVerdict {
  readonly ok: boolean;
  readonly token: Token;
  /** Differs between any two verdicts, so that an overwritten verdict is detected. */
  readonly by: string;
}

/** The replies to an order. */
export type OrderReply =
  | { readonly kind: Validation; readonly ok: boolean; readonly token: Token; readonly by: string }
  | { readonly kind: 'announce'; readonly token: Token }
  | { readonly kind: 'expire' };

/** The only function that decides an order. The checker compares every stored order with it. */
export function statusOf(answers: Order['answers']): Order['status'] {
  const { consumer, details } = answers;
  if (consumer === undefined || details === undefined) return 'PENDING';
  return consumer.ok && details.ok ? 'VALIDATED' : 'REJECTED';
}

function pendingChannels(order: Order): string[] {
  if (order.erased) return [];
  if (order.status === 'PENDING') return (['consumer', 'details'] as const).filter((kind) => !order.answers[kind]);
  return order.announced ? [] : ['announce'];
}

function apply(order: Order, answer: OrderReply): { document: Order } | { ignored: string } {
  if (order.erased) return { ignored: 'erased' };
  if (answer.kind === 'announce') {
    if (order.status === 'PENDING') return { ignored: 'not settled' };
    return order.announced ? { ignored: 'announced before' } : { document: { ...order, announced: answer.token } };
  }
  if (order.status !== 'PENDING') return { ignored: 'settled before' };
  if (answer.kind === 'expire') return { document: { ...order, status: 'EXPIRED' } };
  if (order.answers[answer.kind]) return { ignored: 'answered before' };
  const { ok, token, by } = answer;
  const answers = { ...order.answers, [answer.kind]: { ok, token, by } };
  return { document: { ...order, answers, status: statusOf(answers) } };
}

/** The document handler of the simulated order. */
export const orderHandler: DocumentHandler<Order, OrderReply> = {
  parse: (value) => {
    if (typeof value !== 'object' || value === null || !('status' in value)) throw new Error('not an order');
    return value as Order;
  },
  pendingChannels: pendingChannels,
  acknowledged: ({ answers, announced }) => [
    ...(['consumer', 'details'] as const).flatMap((channel) => {
      const token = answers[channel]?.token;
      return token ? [{ channel, token }] : [];
    }),
    ...(announced ? [{ channel: 'announce', token: announced }] : []),
  ],
  apply,
  onTimeout: (order, now) =>
    order.status === 'PENDING' && order.deadline !== undefined && now > order.deadline ? { kind: 'expire' } : undefined,
};
