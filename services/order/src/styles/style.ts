import type { HttpStyle, OrderRequest, Reason, TraceParent } from '@standing-order/contracts';
import type { AcceptResult, Outbox } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Message } from '../domain/decide.ts';
import { fingerprint, idFromKey } from '../domain/identity.ts';
import { decidedBeforeStored, newOrder, type Order, type Pending, type Style } from '../domain/order.ts';

/** An order somebody wants, as far as its text tells. */
export interface Placing {
  readonly request: OrderRequest;
  readonly client: string;
  readonly idempotencyKey: string | undefined;
  readonly trace: TraceParent | undefined;
}

/** A service that an order's verdict depends on. */
export type Dependency = 'consumer' | 'restaurant';

/**
 * What came of it. An order that exists already is answered in the way in which it came to be.
 *
 * taken: stored; it is decided afterwards, or has been meanwhile. decided: stored with its verdict, which is yes.
 * rejected: the verdict is no, with every reason; nothing is stored.
 * dependency-unavailable: nobody could give the verdict; nothing is stored.
 * key-reused: the key belongs to another request. full, unsent, unstorable: nothing is stored. unknown: it may be.
 */
export type Placement =
  | { readonly outcome: 'taken' | 'decided'; readonly order: Order }
  | { readonly outcome: 'rejected'; readonly reasons: readonly Reason[] }
  | { readonly outcome: 'dependency-unavailable'; readonly dependencies: readonly Dependency[] }
  | { readonly outcome: 'key-reused' | 'full' | 'unsent' | 'unstorable' }
  | { readonly outcome: 'unknown'; readonly id: string };

/** How orders are placed: one style, made of its parts. */
export type PlaceOrder = (placing: Placing) => Promise<Placement>;

export type Styles = Readonly<Record<HttpStyle, PlaceOrder>>;

/** What every style needs to store an order. */
export interface StyleParts {
  readonly outbox: Pick<Outbox<Order, Message>, 'store'>;
  readonly clock: Pick<Clock, 'wall'>;
  /** A new UUIDv7. */
  newId(): string;
  /** How long a request waits for its commit, in milliseconds. */
  readonly acceptDeadlineMs: number;
  /** How long an order may stay undecided, in milliseconds; undefined: for ever. */
  readonly decideWithinMs: number | undefined;
  /** Whether the notification service is told once the order is settled. */
  readonly notify: boolean;
  /** Whether the order is put into the list of its consumer's orders. */
  readonly index: boolean;
}

/** The order that a request makes, not decided and not stored. */
export function draft(style: Style, placing: Placing, parts: StyleParts): Pending {
  const { request, client, idempotencyKey, trace } = placing;
  return newOrder({
    id: idempotencyKey === undefined ? parts.newId() : idFromKey(client, idempotencyKey),
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
}

/** Stores an order with the outbox entry that names it. */
export async function take(order: Order, { outbox, acceptDeadlineMs }: StyleParts): Promise<Placement> {
  return placementOf(order.id, await runDetached(() => outbox.store(order, acceptDeadlineMs)));
}

function placementOf(id: string, accepted: AcceptResult<Order>): Placement {
  switch (accepted.outcome) {
    case 'created':
    case 'existing':
      return existing(accepted.document);
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

/** What came of the same request earlier, if it has an Idempotency-Key and was made before. */
export async function madeBefore(
  order: Order,
  { idempotencyKey }: Placing,
  outbox: Pick<Outbox<Order, Message>, 'read'>,
): Promise<Placement | undefined> {
  const earlier = idempotencyKey === undefined ? undefined : await outbox.read(order.id);
  if (!earlier) return undefined;
  return earlier.fingerprint === order.fingerprint ? existing(earlier) : { outcome: 'key-reused' };
}

/**
 * A refusal that leaves nothing behind, unless another request with the same Idempotency-Key has made the order in the
 * meantime: then that is the answer, and it would not be true that nothing is stored.
 */
export async function unlessMade(
  refusal: Placement,
  order: Order,
  placing: Placing,
  outbox: Pick<Outbox<Order, Message>, 'read'>,
): Promise<Placement> {
  return (await madeBefore(order, placing, outbox)) ?? refusal;
}

/** What a stored order is to whoever asks for it again. */
function existing(order: Order): Placement {
  return { outcome: decidedBeforeStored[order.style] ? 'decided' : 'taken', order };
}
