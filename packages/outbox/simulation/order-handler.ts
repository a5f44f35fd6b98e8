import type { DocumentHandler, OutboxDocument, Token } from '../src/ports.ts';

/** The simulated order: two validations whose verdicts decide, then an announcement that must be acknowledged. */
export interface Order extends OutboxDocument {
  readonly body: string;
  readonly status: 'PENDING' | 'VALIDATED' | 'REJECTED' | 'EXPIRED';
  readonly verdicts: Readonly<Partial<Record<Validation, RecordedVerdict>>>;
  readonly announced?: Token;
  /** Nonce of the order that the acknowledged announcement was about. The handler does not read it; the checker does. */
  readonly announcedFor?: string;
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
  /** Nonce of the order that the validator was asked about. The handler does not read it; the checker does. */
  readonly about?: string;
}

/** The replies to an order. */
export type OrderReply =
  | ({ readonly kind: Validation } & RecordedVerdict)
  | { readonly kind: 'announce'; readonly token: Token; readonly about?: string }
  | { readonly kind: 'expire' };

/** The only function that decides an order. The checker compares every stored order with it. */
export function statusOf(verdicts: Order['verdicts']): Order['status'] {
  const { consumer, details } = verdicts;
  if (consumer === undefined || details === undefined) return 'PENDING';
  return consumer.ok && details.ok ? 'VALIDATED' : 'REJECTED';
}

function pendingChannels(order: Order): string[] {
  if (order.erased) return [];
  if (order.status === 'PENDING') return (['consumer', 'details'] as const).filter((kind) => !order.verdicts[kind]);
  return order.announced ? [] : ['announce'];
}

const isPastDeadline = ({ deadline }: Order, now: number): boolean => deadline !== undefined && now > deadline;

function apply(order: Order, reply: OrderReply, now: number): { document: Order } | { ignored: string } {
  if (order.erased) return { ignored: 'erased' };
  if (reply.kind === 'announce') {
    if (order.status === 'PENDING') return { ignored: 'not decided' };
    if (order.announced) return { ignored: 'announced before' };
    return { document: { ...order, announced: reply.token, ...(reply.about && { announcedFor: reply.about }) } };
  }
  if (order.status !== 'PENDING') return { ignored: 'decided before' };
  if (reply.kind === 'expire')
    return isPastDeadline(order, now) ? { document: { ...order, status: 'EXPIRED' } } : { ignored: 'before deadline' };
  if (order.verdicts[reply.kind]) return { ignored: 'verdict recorded before' };
  const { kind, ...verdict } = reply;
  const verdicts = { ...order.verdicts, [kind]: verdict };
  return { document: { ...order, verdicts, status: statusOf(verdicts) } };
}

/** The document handler of the simulated order. It keeps every order for ever. */
export const orderHandler: DocumentHandler<Order, OrderReply> = {
  parse: (value) => {
    if (typeof value !== 'object' || value === null || !('status' in value)) throw new Error('not an order');
    return value as Order;
  },
  pendingChannels: pendingChannels,
  acknowledged: ({ verdicts, announced }) => [
    ...(['consumer', 'details'] as const).flatMap((channel) => {
      const token = verdicts[channel]?.token;
      return token ? [{ channel, token }] : [];
    }),
    ...(announced ? [{ channel: 'announce', token: announced }] : []),
  ],
  apply,
  isAwaited: (before, after) => before.status !== after.status,
  tokenOf: (reply) => (reply.kind === 'expire' ? undefined : reply.token),
  onTimeout: (order, now) =>
    order.status === 'PENDING' && isPastDeadline(order, now) ? { kind: 'expire' } : undefined,
};

/** The document handler for orders that expire. */
export const expiringOrderHandler = (retentionSeconds: number | undefined): DocumentHandler<Order, OrderReply> => ({
  ...orderHandler,
  retentionSeconds: () => retentionSeconds,
});
