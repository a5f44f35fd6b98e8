import type { OrderRequest, Reason, TraceParent } from '@standing-order/contracts';
import type { StoreResult } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import { fingerprint, idFromKey, idFromRequest } from '../domain/identity.ts';
import {
  DECIDED_BEFORE_STORED,
  newOrder,
  type Order,
  type Pending,
  type ReplyTo,
  type Style,
} from '../domain/order.ts';
import type { OrderReader, OrderStore } from '../domain/ports.ts';

/** A valid request for an order. */
export interface PlaceOrderCommand {
  readonly request: OrderRequest;
  /** The client that places the order. Its idempotency keys and correlation ids are its own. */
  readonly client: string;
  /** Of a request by HTTP. Requests of a client with the same key are the same order. */
  readonly idempotencyKey?: string | undefined;
  /** Of a request by message. Requests with the same reply channel and correlation id are the same order. */
  readonly replyTo?: ReplyTo | undefined;
  readonly trace: TraceParent | undefined;
}

/** A service that an order's verdict depends on. */
export type Dependency = 'consumer' | 'restaurant';

/**
 * The result of placing an order. An order that exists already has the result of the style that stored it.
 *
 * taken: stored. It is decided afterwards, or has been decided in the meantime.
 * decided: stored with its verdict, VALIDATED.
 * rejected: the order is invalid, with every reason; it is not stored.
 * dependency-unavailable: a service that validates orders did not respond; the order is not stored.
 * key-reused: the key belongs to another request; the order is not stored.
 * full, unwritable, unsent, unstorable: the outbox did not store the order.
 * unknown: the order may be stored, now or later.
 */
export type PlaceOrderResult =
  | { readonly outcome: 'taken' | 'decided'; readonly order: Order }
  | { readonly outcome: 'rejected'; readonly reasons: readonly Reason[] }
  | { readonly outcome: 'dependency-unavailable'; readonly dependencies: readonly Dependency[] }
  | { readonly outcome: 'key-reused' | 'full' | 'unwritable' | 'unsent' | 'unstorable' }
  | { readonly outcome: 'unknown'; readonly id: string };

/** Places an order in one of the styles. Each style is a function of this type. */
export type PlaceOrder = (command: PlaceOrderCommand) => Promise<PlaceOrderResult>;

export type Styles = Readonly<Record<Style, PlaceOrder>>;

/** The parts that every style needs to store an order. */
export interface StyleParts {
  readonly outbox: OrderStore;
  readonly clock: Pick<Clock, 'wall'>;
  /** Returns a new UUIDv7. */
  newId(): string;
  /** Maximum time that a request waits for its commit, in milliseconds. */
  readonly acceptDeadlineMs: number;
  /** Time after which an undecided order expires, in milliseconds; undefined: never. */
  readonly decideWithinMs: number | undefined;
  /** Whether the notification service is sent the decided order. */
  readonly notify: boolean;
  /** Whether the order is put into the list of its consumer's orders. */
  readonly index: boolean;
}

/** The parts of a style that looks for an earlier order with the same key. */
export interface LookupStyleParts extends StyleParts {
  readonly outbox: OrderStore & OrderReader;
}

/** Creates the order of a command: PENDING and not stored yet. */
export function newPendingOrder(style: Style, command: PlaceOrderCommand, parts: StyleParts): Pending {
  const { request, client, replyTo, trace } = command;
  const order = newOrder({
    id: orderIdOf(command) ?? parts.newId(),
    nonce: parts.newId(),
    fingerprint: fingerprint(request),
    style,
    client,
    trace,
    request,
    now: parts.clock.wall(),
    decideWithin: parts.decideWithinMs,
    notify: parts.notify,
    index: parts.index,
  });
  return replyTo ? { ...order, replyTo } : order;
}

/** A repeated command has the same id. Undefined when the command does not identify itself. */
function orderIdOf({ client, idempotencyKey, replyTo }: PlaceOrderCommand): string | undefined {
  if (replyTo) return idFromRequest(replyTo);
  return idempotencyKey === undefined ? undefined : idFromKey(client, idempotencyKey);
}

/** Stores an order in one transaction with the outbox entry that names it. */
export async function storeOrder(order: Order, { outbox, acceptDeadlineMs }: StyleParts): Promise<PlaceOrderResult> {
  return resultOf(order.id, await runDetached(() => outbox.store(order, acceptDeadlineMs)));
}

function resultOf(id: string, accepted: StoreResult<Order>): PlaceOrderResult {
  switch (accepted.outcome) {
    case 'created':
    case 'existing':
      return resultOfStored(accepted.document);
    case 'different':
      return { outcome: 'key-reused' };
    case 'unknown':
      return { outcome: 'unknown', id };
    case 'refused':
      return { outcome: 'unstorable' };
    default:
      return { outcome: accepted.outcome };
  }
}

/** The result of an earlier request with the same Idempotency-Key; undefined if there is none. */
export async function findExistingOrder(
  order: Order,
  { idempotencyKey }: PlaceOrderCommand,
  outbox: OrderReader,
): Promise<PlaceOrderResult | undefined> {
  const earlier = idempotencyKey === undefined ? undefined : await outbox.read(order.id);
  if (!earlier) return undefined;
  return earlier.fingerprint === order.fingerprint ? resultOfStored(earlier) : { outcome: 'key-reused' };
}

/**
 * The refusal, unless another request with the same Idempotency-Key has stored the order in the meantime. Then the stored
 * order is the result: a refusal promises that no order is stored.
 */
export async function refuseUnlessStored(
  refusal: PlaceOrderResult,
  order: Order,
  command: PlaceOrderCommand,
  outbox: OrderReader,
): Promise<PlaceOrderResult> {
  return (await findExistingOrder(order, command, outbox)) ?? refusal;
}

function resultOfStored(order: Order): PlaceOrderResult {
  return { outcome: DECIDED_BEFORE_STORED[order.style] ? 'decided' : 'taken', order };
}
