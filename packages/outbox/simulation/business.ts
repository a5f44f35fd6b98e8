import type { DocumentHandler, OutboxDocument, Token } from '../src/ports.ts';

/** The order of this toy world: two validations whose answers decide, then an announcement that must be acknowledged. */
export interface Order extends OutboxDocument {
  readonly body: string;
  readonly status: 'PENDING' | 'VALIDATED' | 'REJECTED' | 'EXPIRED';
  readonly answers: Readonly<Partial<Record<Validation, Recorded>>>;
  readonly announced?: Token;
  /** On the wall clock, as the real one. */
  readonly deadline?: number;
  readonly erased?: boolean;
}

export type Validation = 'consumer' | 'details';

export interface Recorded {
  readonly ok: boolean;
  readonly token: Token;
  /** Differs between any two answers, so that overwriting one shows. */
  readonly by: string;
}

export type Answer =
  | { readonly kind: Validation; readonly ok: boolean; readonly token: Token; readonly by: string }
  | { readonly kind: 'announce'; readonly token: Token }
  | { readonly kind: 'expire' };

/** The only function that decides; the checker holds every stored order against it. */
export function verdict(answers: Order['answers']): Order['status'] {
  const { consumer, details } = answers;
  if (consumer === undefined || details === undefined) return 'PENDING';
  return consumer.ok && details.ok ? 'VALIDATED' : 'REJECTED';
}

function missing(order: Order): string[] {
  if (order.erased) return [];
  if (order.status === 'PENDING') return (['consumer', 'details'] as const).filter((kind) => !order.answers[kind]);
  return order.announced ? [] : ['announce'];
}

function apply(order: Order, answer: Answer): { document: Order } | { ignored: string } {
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
  return { document: { ...order, answers, status: verdict(answers) } };
}

export const business: DocumentHandler<Order, Answer> = {
  parse: (value) => {
    if (typeof value !== 'object' || value === null || !('status' in value)) throw new Error('not an order');
    return value as Order;
  },
  pendingChannels: missing,
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
