import type { Money, OrderRequest, PricedLine, Reason, TraceParent } from '@standing-order/contracts';
import type { OutboxDocument, Token } from '@standing-order/outbox';

export interface ConsumerValid {
  readonly kind: 'consumer';
  readonly valid: true;
  readonly token: Token;
  readonly orderLimit: Money;
}

export interface DetailsValid {
  readonly kind: 'details';
  readonly valid: true;
  readonly token: Token;
  /** The prices are fixed for this order; a later change of the menu does not change them. */
  readonly lines: readonly PricedLine[];
  readonly total: Money;
}

export interface Refused<Kind extends 'consumer' | 'details'> {
  readonly kind: Kind;
  readonly valid: false;
  readonly token: Token;
  readonly reasons: readonly Reason[];
}

export type ConsumerVerdict = ConsumerValid | Refused<'consumer'>;
export type DetailsVerdict = DetailsValid | Refused<'details'>;

/** A validator's answer to a command, as the order stores it. */
export type Verdict = ConsumerVerdict | DetailsVerdict;

/** The interaction styles (styles/), and whether a style decides an order before it stores the order. */
export const DECIDED_BEFORE_STORED = {
  'respond-first': false,
  synchronous: true,
  messaging: false,
  replication: true,
} as const satisfies Record<string, boolean>;

export type Style = keyof typeof DECIDED_BEFORE_STORED;

/** The reply channel to which an order's outcome is sent, and the name of the request there. */
export interface ReplyTo {
  readonly client: string;
  readonly correlationId: string;
  /** The client reads batch messages: its outcome may share a message with others. */
  readonly readsBatches?: true;
}

interface Facts extends OutboxDocument {
  readonly v: number;
  readonly style: Style;
  readonly client: string;
  /** The trace of the request that placed the order. All later spans of the order belong to it. */
  readonly trace?: TraceParent | undefined;
  readonly request: OrderRequest;
  /** Unix time in milliseconds. From then on an undecided order can only expire. */
  readonly deadline?: number;
  readonly replyTo?: ReplyTo;
  /** Token of the outcome message that the client has confirmed. */
  readonly received?: Token;
  /** The notification service is sent the decided order. */
  readonly notify?: true;
  /** Token of the message that the notification service has confirmed. */
  readonly noted?: Token;
  /** The order is put into the list of its consumer's orders. */
  readonly index?: true;
  /** Token of the attempt that put it there. */
  readonly indexed?: Token;
}

/** The first recorded verdict of each kind. Later ones are ignored. */
export interface Verdicts {
  readonly consumer?: ConsumerVerdict;
  readonly details?: DetailsVerdict;
}

export interface Pending extends Facts {
  readonly status: 'PENDING';
  readonly answers: Verdicts;
}

export interface Validated extends Facts {
  readonly status: 'VALIDATED';
  readonly settledAt: number;
  readonly answers: { readonly consumer: ConsumerValid; readonly details: DetailsValid };
}

export interface Rejected extends Facts {
  readonly status: 'REJECTED';
  readonly settledAt: number;
  readonly answers: { readonly consumer: ConsumerVerdict; readonly details: DetailsVerdict };
  /** All known reasons: the consumer's, the restaurant's, and those that follow from both verdicts together. */
  readonly reasons: readonly Reason[];
}

export interface Expired extends Facts {
  readonly status: 'EXPIRED';
  readonly settledAt: number;
  readonly answers: Verdicts;
}

/** The order document, as it is stored under `o:{id}`. */
export type Order = Pending | Validated | Rejected | Expired;

/** The version of the document that this code writes. */
export const ORDER_VERSION = 1;

export interface NewOrder {
  readonly id: string;
  readonly nonce: string;
  readonly fingerprint: string;
  /** Default respond-first. */
  readonly style?: Style;
  readonly client: string;
  /** The trace of the request that placed the order. All later spans of the order belong to it. */
  readonly trace?: TraceParent | undefined;
  readonly request: OrderRequest;
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Milliseconds. Without it the order stays undecided until both verdicts are recorded. */
  readonly decideWithin?: number | undefined;
  /** Default false. */
  readonly notify?: boolean;
  /** Default false. */
  readonly index?: boolean;
}

/** Creates the order document of a request: PENDING, without verdicts. */
export function newOrder({ now, decideWithin, notify, index, style = 'respond-first', ...facts }: NewOrder): Pending {
  return {
    v: ORDER_VERSION,
    ...facts,
    style,
    createdAt: now,
    status: 'PENDING',
    answers: {},
    ...(decideWithin === undefined ? {} : { deadline: now + decideWithin }),
    ...(notify && { notify }),
    ...(index && { index }),
  };
}

/**
 * Reads a stored order. Keeps the fields that the next version adds, so that this version can write the order back.
 *
 * @throws when this code does not support the document's version
 */
export function parseOrder(value: unknown): Order {
  const version = (value as { v?: unknown } | null)?.v;
  if (version !== ORDER_VERSION && version !== ORDER_VERSION + 1) {
    throw new Error(
      `unsupported order version ${String(version)}: this code reads versions ${ORDER_VERSION} and ${ORDER_VERSION + 1}`,
    );
  }
  return value as Order;
}
