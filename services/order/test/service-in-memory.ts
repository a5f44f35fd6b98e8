import type { ConsumerVerdict, DetailsVerdict } from '@standing-order/contracts';
import type { StoreResult } from '@standing-order/outbox';
import type { Authenticate, Caller } from '@standing-order/service-kit/auth';
import { systemClock } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { orderApp } from '../src/app.ts';
import { decide } from '../src/domain/decide.ts';
import type { Order } from '../src/domain/order.ts';
import { createLocalCopies } from '../src/local-copies/local-copies.ts';
import { createConfirmations } from '../src/order-lists/confirmations.ts';
import { createListTransport } from '../src/order-lists/list-transport.ts';
import { createOrderLists } from '../src/order-lists/order-lists.ts';
import { createTokenSigner, KEY_LENGTH } from '../src/outbox/token-signature.ts';
import { messaging } from '../src/styles/messaging.ts';
import { replication } from '../src/styles/replication.ts';
import { respondFirst } from '../src/styles/respond-first.ts';
import { synchronous } from '../src/styles/synchronous.ts';
import { createConsumerUpdates } from '../src/updates/consumer-updates.ts';
import { createEventStreams } from '../src/updates/event-streams.ts';
import { createLongPoll } from '../src/updates/long-poll.ts';
import { createOrderUpdates } from '../src/updates/order-updates.ts';

export const validRequest = {
  consumerId: 'ada',
  restaurantId: 'trattoria',
  lines: [{ itemId: 'pizza', quantity: 2 }],
};
const token = { w: 'w', a: 1, t: 1 };

const tokens = createTokenSigner([Buffer.alloc(KEY_LENGTH, 1)]);

const json = { 'content-type': 'application/json' };
const start = Date.UTC(2026, 0, 1);

/** The verdicts of the services that the synchronous style calls; undefined: the service does not respond. */
export interface Verdicts {
  readonly consumer?: ConsumerVerdict | undefined;
  readonly details?: DetailsVerdict | undefined;
}

export const validVerdicts = {
  consumer: {
    type: 'com.standing-order.consumer-validated.v1',
    data: { orderLimit: { amount: 5000, currency: 'EUR' } },
  },
  details: {
    type: 'com.standing-order.order-details-validated.v1',
    data: {
      lines: [{ itemId: 'pizza', name: 'Pizza', quantity: 2, unitPrice: 900, amount: 1800 }],
      total: { amount: 1800, currency: 'EUR' },
    },
  },
} as const satisfies Verdicts;

export interface ServiceInMemoryOptions {
  /** Replaces the storing of an order: the result that the outbox returns. */
  readonly storeResult?: (order: Order) => StoreResult<Order>;
  /** STYLE_OVERRIDE=allowed. */
  readonly override?: boolean;
  readonly verdicts?: Verdicts;
  /** CONSUMER_ORDERS=on; the default. */
  readonly lists?: boolean;
  /** The caller of every request, or of each one. */
  readonly caller?: Caller | Authenticate;
  /** Maximum number of streams. */
  readonly maxStreams?: number;
  /** Default: maxStreams. */
  readonly maxStreamsPerCaller?: number;
  readonly heartbeatMs?: number;
}

/** The HTTP application of the service over a map instead of an outbox. */
export function serviceInMemory(options: ServiceInMemoryOptions = {}) {
  const { storeResult, override = false, verdicts = validVerdicts, lists = true, caller } = options;
  const { maxStreams = 2, maxStreamsPerCaller = maxStreams, heartbeatMs = 50 } = options;
  const stored = new Map<string, Order>();
  let made = 0;
  const impatientClock = { setTimer: (_: number, fire: () => void) => systemClock.setTimer(0, fire) };
  const confirmations = createConfirmations(impatientClock);
  const store = createMemoryStore();
  const listTransport = createListTransport({ store, clock: impatientClock, confirmations });
  async function storeOrder(order: Order): Promise<StoreResult<Order>> {
    const existing = stored.get(order.id);
    if (existing) {
      return { outcome: existing.fingerprint === order.fingerprint ? 'existing' : 'different', document: existing };
    }
    stored.set(order.id, order);
    if (order.index) await listTransport.send([{ channel: 'index', lane: 0, token, document: order, alone: false }]);
    return { outcome: 'created', document: order };
  }
  const watching = new Map<string, (order: Order) => void>();
  const outbox = {
    store: (order: Order) => (storeResult ? Promise.resolve(storeResult(order)) : storeOrder(order)),
    read: async (id: string) => stored.get(id),
    readAll: async (ids: readonly string[]) => {
      const found = ids.flatMap((id) => stored.get(id) ?? []);
      return new Map(found.map((order) => [order.id, order]));
    },
    watch(id: string, listener: (order: Order) => void) {
      watching.set(id, listener);
      return () => watching.delete(id);
    },
  };
  /** Advances with each order that is made. */
  const wall = () => start + made;
  const clock = { ...systemClock, wall };
  const parts = {
    outbox,
    clock,
    newId: () => `01890a5d-ac96-774b-bcce-${String(++made).padStart(12, '0')}`,
    acceptDeadlineMs: 1000,
    decideWithinMs: undefined,
    notify: false,
    index: lists,
  };
  const validators = { consumer: async () => verdicts.consumer, details: async () => verdicts.details };
  const localCopies = createLocalCopies({
    sidecar: { invoke: () => Promise.reject(new Error('the local copies must not be started')) },
    clock,
    maxStalenessMs: 0,
  });
  const orderLists = createOrderLists({ store, outbox, transport: listTransport });
  const orderUpdates = createOrderUpdates({ outbox, clock });
  const eventStreams = createEventStreams({ clock, max: maxStreams, maxPerCaller: maxStreamsPerCaller, heartbeatMs });
  const app = orderApp({
    orderUpdates,
    consumerUpdates: createConsumerUpdates({ outbox, orderLists, clock }),
    longPoll: createLongPoll({ orderUpdates, clock, max: 2 }),
    eventStreams,
    orderLists: lists ? orderLists : undefined,
    record: async () => [],
    styles: {
      'respond-first': respondFirst(parts),
      synchronous: synchronous({ ...parts, validators }),
      messaging: messaging(parts),
      replication: replication({ ...parts, localCopies, fallback: respondFirst(parts) }),
    },
    localCopies,
    clock,
    tokens,
    styleSettings: { default: 'respond-first', override },
    outbox: {
      ...outbox,
      waiting: () => ({
        stored: 3,
        loaded: 1,
        channels: [
          {
            channel: 'consumer',
            inFlight: 1,
            blocked: 0,
            parked: 0,
            oldest: start,
            attempts: 9,
            nextAttempt: start + 5000,
          },
          { channel: 'announce', inFlight: 0, blocked: 0, parked: 0, attempts: 0 },
        ],
        documents: [
          { id: 'x', createdAt: start, commands: [{ channel: 'consumer', state: 'in-flight', attempts: 9 }] },
        ],
      }),
      parked: () => [{ id: 'x', channels: ['consumer'], attempts: 8, since: start }],
      retry: async (id) => (stored.has(id) ? 'retried' : 'missing'),
    },
    sidecar: { publish: async () => [] },
    pubsub: 'messages',
    readiness: () => ({ ready: true, reasons: [] }),
    authenticate: typeof caller === 'object' ? async () => caller : caller,
  });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.request('/orders', {
      method: 'POST',
      headers: { ...json, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { app, stored, watching, eventStreams, post };
}

/** The order after both validators have refused it. */
export function rejected(order: Order): Order {
  return (['consumer', 'details'] as const).reduce((before, kind) => {
    const decision = decide(before, { kind, valid: false, token, reasons: [] }, start + 1000);
    return 'document' in decision ? decision.document : before;
  }, order);
}
