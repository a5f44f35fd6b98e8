import type { ConsumerVerdict, DetailsVerdict } from '@standing-order/contracts';
import type { AcceptResult } from '@standing-order/outbox';
import type { Caller } from '@standing-order/service-kit/auth';
import { systemClock } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { orderApp } from '../src/app.ts';
import { decide } from '../src/domain/decide.ts';
import type { Order } from '../src/domain/order.ts';
import { createReplicas } from '../src/local-copies/replicas.ts';
import { createConsumerOrders } from '../src/order-lists/consumer-orders.ts';
import { messaging } from '../src/styles/messaging.ts';
import { replication } from '../src/styles/replication.ts';
import { respondFirst } from '../src/styles/respond-first.ts';
import { synchronous } from '../src/styles/synchronous.ts';
import { createStreams } from '../src/updates/streams.ts';
import { createWaits } from '../src/updates/waits.ts';

export const good = { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 2 }] };
const token = { w: 'w', a: 1, t: 1 };
const json = { 'content-type': 'application/json' };
const start = Date.UTC(2026, 0, 1);

/** Who says what when asked directly; undefined cannot be asked. */
export interface Verdicts {
  readonly who?: ConsumerVerdict | undefined;
  readonly what?: DetailsVerdict | undefined;
}

export const yes = {
  who: { type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: { amount: 5000, currency: 'EUR' } } },
  what: {
    type: 'com.standing-order.order-details-validated.v1',
    data: {
      lines: [{ itemId: 'pizza', name: 'Pizza', quantity: 2, unitPrice: 900, amount: 1800 }],
      total: { amount: 1800, currency: 'EUR' },
    },
  },
} as const satisfies Verdicts;

export interface ServiceInMemoryOptions {
  /** What the outbox says instead of storing an order. */
  readonly accept?: (order: Order) => AcceptResult<Order>;
  /** STYLE_OVERRIDE=allowed. */
  readonly override?: boolean;
  readonly verdicts?: Verdicts;
  /** CONSUMER_ORDERS=on; the default. */
  readonly lists?: boolean;
  /** Who calls, whoever it is. */
  readonly caller?: Caller;
}

/** The service's HTTP side over a map, which keeps what the outbox would keep. */
export function serviceInMemory(options: ServiceInMemoryOptions = {}) {
  const { accept, override = false, verdicts = yes, lists = true, caller } = options;
  const stored = new Map<string, Order>();
  let made = 0;
  async function keep(order: Order): Promise<AcceptResult<Order>> {
    const existing = stored.get(order.id);
    if (existing) {
      return { outcome: existing.fingerprint === order.fingerprint ? 'existing' : 'different', document: existing };
    }
    stored.set(order.id, order);
    if (order.index) await consumerOrders.transport.send([{ channel: 'index', lane: 0, token, document: order }]);
    return { outcome: 'created', document: order };
  }
  const outbox = {
    store: (order: Order) => (accept ? Promise.resolve(accept(order)) : keep(order)),
    read: async (id: string) => stored.get(id),
    readAll: async (ids: readonly string[]) => {
      const found = ids.flatMap((id) => stored.get(id) ?? []);
      return new Map(found.map((order) => [order.id, order]));
    },
    record: async () => [],
  };
  const parts = {
    outbox,
    clock: { wall: () => start + made },
    newId: () => `01890a5d-ac96-774b-bcce-${String(++made).padStart(12, '0')}`,
    acceptDeadlineMs: 1000,
    decideWithinMs: undefined,
    notify: false,
    index: lists,
  };
  const validators = { consumer: async () => verdicts.who, details: async () => verdicts.what };
  const watching = new Map<string, (order: Order) => void>();
  const watch = (id: string, listener: (order: Order) => void) => {
    watching.set(id, listener);
    return () => watching.delete(id);
  };
  const replicas = createReplicas({
    sidecar: { invoke: () => Promise.reject(new Error('nobody is asked')) },
    clock: systemClock,
    stalenessMs: 0,
  });
  const hurried = { setTimer: (_: number, fire: () => void) => systemClock.setTimer(0, fire) };
  const consumerOrders = createConsumerOrders({ store: createMemoryStore(), outbox, clock: hurried });
  const streams = createStreams({ clock: systemClock, most: 2, heartbeatMs: 50 });
  const app = orderApp({
    waits: createWaits({ outbox: { read: outbox.read, watch }, clock: systemClock, most: 2 }),
    streams,
    consumerOrders: lists ? consumerOrders : undefined,
    record: outbox.record,
    styles: {
      'respond-first': respondFirst(parts),
      synchronous: synchronous({ ...parts, validators }),
      replication: replication({ ...parts, replicas, otherwise: respondFirst(parts) }),
    },
    replicas,
    placeAsked: messaging(parts),
    clock: parts.clock,
    styleSettings: { default: 'respond-first', override },
    outbox: {
      ...outbox,
      watch,
      parked: () => [{ id: 'x', channels: ['consumer'], attempts: 8, since: start }],
      retry: async (id) => (stored.has(id) ? 'retried' : 'missing'),
    },
    sidecar: { publish: async () => [] },
    pubsub: 'messages',
    readiness: () => ({ ready: true, reasons: [] }),
    authenticate: caller && (async () => caller),
  });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.request('/orders', {
      method: 'POST',
      headers: { ...json, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { app, stored, watching, streams, post };
}

/** The order once both validators have refused it. */
export function rejected(order: Order): Order {
  return (['consumer', 'details'] as const).reduce((before, kind) => {
    const decision = decide(before, { kind, valid: false, token, reasons: [] }, start + 1000);
    return 'document' in decision ? decision.document : before;
  }, order);
}
