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
  /** With the prices that hold for this order, whatever the menu says later. */
  readonly lines: readonly PricedLine[];
  readonly total: Money;
}

export interface Refused<Kind extends 'consumer' | 'details'> {
  readonly kind: Kind;
  readonly valid: false;
  readonly token: Token;
  readonly reasons: readonly Reason[];
}

export type ConsumerAnswer = ConsumerValid | Refused<'consumer'>;
export type DetailsAnswer = DetailsValid | Refused<'details'>;

/** What a validator said of an order. */
export type Answer = ConsumerAnswer | DetailsAnswer;

/** The ways in which orders come to be (styles/), and whether an order has its verdict before it is stored. */
export const decidedBeforeStored = {
  'respond-first': false,
  synchronous: true,
  messaging: false,
  replication: true,
} as const satisfies Record<string, boolean>;

export type Style = keyof typeof decidedBeforeStored;

/** Who waits for an order's outcome on a reply channel, and under which name. */
export interface ReplyTo {
  readonly client: string;
  readonly correlationId: string;
}

interface Facts extends OutboxDocument {
  readonly v: number;
  readonly style: Style;
  readonly client: string;
  /** The trace of the request that made the order; everything done for the order belongs to it. */
  readonly trace?: TraceParent | undefined;
  readonly request: OrderRequest;
  /** Unix time in milliseconds after which the order is decided by time alone. */
  readonly deadline?: number;
  readonly replyTo?: ReplyTo;
  /** Which sending of the outcome the one who waits for it has confirmed. */
  readonly received?: Token;
  /** The notification service is to be told once the order is settled. */
  readonly notify?: true;
  /** Which sending of the settlement it has confirmed. */
  readonly noted?: Token;
  /** The order is to be in the list of its consumer's orders. */
  readonly index?: true;
  /** By which sending it is there. */
  readonly indexed?: Token;
}

/** The first recorded answer of each kind; later ones are ignored. */
export interface Answers {
  readonly consumer?: ConsumerAnswer;
  readonly details?: DetailsAnswer;
}

export interface Pending extends Facts {
  readonly status: 'PENDING';
  readonly answers: Answers;
}

export interface Validated extends Facts {
  readonly status: 'VALIDATED';
  readonly settledAt: number;
  readonly answers: { readonly consumer: ConsumerValid; readonly details: DetailsValid };
}

export interface Rejected extends Facts {
  readonly status: 'REJECTED';
  readonly settledAt: number;
  readonly answers: { readonly consumer: ConsumerAnswer; readonly details: DetailsAnswer };
  /** Every one that is known: the consumer's, the restaurant's, and those that only both answers together show. */
  readonly reasons: readonly Reason[];
}

export interface Expired extends Facts {
  readonly status: 'EXPIRED';
  readonly settledAt: number;
  readonly answers: Answers;
}

/** The order document, as it is stored under `o:{id}`. */
export type Order = Pending | Validated | Rejected | Expired;

/** Version of the document that this code writes. */
export const ORDER_VERSION = 1;

export interface NewOrder {
  readonly id: string;
  readonly nonce: string;
  readonly fingerprint: string;
  /** Default respond-first. */
  readonly style?: Style;
  readonly client: string;
  /** The trace of the request that made the order; everything done for the order belongs to it. */
  readonly trace?: TraceParent | undefined;
  readonly request: OrderRequest;
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Milliseconds; without it the order waits for ever. */
  readonly decideWithin?: number | undefined;
  /** Default false. */
  readonly notify?: boolean;
  /** Default false. */
  readonly index?: boolean;
}

/** The order as it is when it is taken. */
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
 * Reads a stored order. Fields of a newer version are kept, so that a replica of the old one can write it back.
 *
 * @throws when the version is not one that this code understands
 */
export function parseOrder(value: unknown): Order {
  const version = (value as { v?: unknown } | null)?.v;
  if (version !== ORDER_VERSION && version !== ORDER_VERSION + 1) {
    throw new Error(
      `an order of version ${String(version)}; this code reads ${ORDER_VERSION} and ${ORDER_VERSION + 1}`,
    );
  }
  return value as Order;
}
