import { setTimeout as delay } from 'node:timers/promises';

const DEMO_CONSUMER = 'demo-consumer';
const DEMO_RESTAURANT = 'demo-restaurant';

/** An order that both validators accept. */
export const DEMO_ORDER = {
  consumerId: DEMO_CONSUMER,
  restaurantId: DEMO_RESTAURANT,
  lines: [
    { itemId: 'margherita', quantity: 2 },
    { itemId: 'espresso', quantity: 2 },
  ],
};

export interface DemoUrls {
  readonly order: string;
  readonly consumer: string;
  readonly restaurant: string;
}

/** The statuses of one order. */
export interface DemoResult {
  readonly id: string;
  /** Its last known status. */
  readonly status: string;
  /** Each status with the milliseconds from the request to its first observation. */
  readonly seen: readonly { readonly status: string; readonly afterMs: number }[];
  readonly total?: { readonly amount: number; readonly currency: string };
  readonly reasons: readonly { readonly code: string }[];
}

type OrderView = Pick<DemoResult, 'id' | 'status' | 'total' | 'reasons'>;

const CALL_DEADLINE_MS = 10_000;
const DECIDED_WITHIN_MS = 30_000;

/** Creates a consumer and a restaurant with fixed ids, unless they exist. */
export async function seedDemo(urls: DemoUrls, signal: AbortSignal): Promise<void> {
  await Promise.all([
    create(`${urls.consumer}/consumers`, CONSUMER, signal),
    create(`${urls.restaurant}/restaurants`, RESTAURANT, signal),
  ]);
}

const CONSUMER = { id: DEMO_CONSUMER, name: 'Demo consumer', orderLimit: { amount: 100_00, currency: 'EUR' } };
const RESTAURANT = {
  id: DEMO_RESTAURANT,
  name: 'Demo restaurant',
  currency: 'EUR',
  menu: [
    { id: 'margherita', name: 'Pizza Margherita', price: 9_50 },
    { id: 'espresso', name: 'Espresso', price: 2_20 },
  ],
};

/** Places one order and polls it until it is decided or the time is up. */
export async function placeDemoOrder(
  urls: DemoUrls,
  signal: AbortSignal,
  waitMs = DECIDED_WITHIN_MS,
): Promise<DemoResult> {
  const sent = performance.now();
  const seenAs = ({ status }: OrderView) => ({ status, afterMs: Math.round(performance.now() - sent) });
  const response = await call(`${urls.order}/orders`, signal, DEMO_ORDER);
  if (!response.ok) throw new Error(`${urls.order}/orders answers ${response.status} ${await response.text()}`);
  const answered = (await response.json()) as OrderView;
  const first = seenAs(answered);
  if (answered.status !== 'PENDING') return { ...answered, seen: [first] };
  const order = await decided(`${urls.order}/orders/${answered.id}`, waitMs, signal);
  return order === undefined ? { ...answered, seen: [first] } : { ...order, seen: [first, seenAs(order)] };
}

/** The decided order; undefined if it is not decided in time. */
async function decided(url: string, waitMs: number, signal: AbortSignal): Promise<OrderView | undefined> {
  const end = performance.now() + waitMs;
  while (performance.now() < end) {
    const response = await call(url, signal);
    const order = (await response.json()) as OrderView;
    if (response.ok && order.status !== 'PENDING') return order;
    await delay(10, undefined, { signal });
  }
  return undefined;
}

async function create(url: string, body: object, signal: AbortSignal): Promise<void> {
  const conflict = 409;
  const response = await call(url, signal, body);
  const text = await response.text();
  if (!response.ok && response.status !== conflict) throw new Error(`${url} answers ${response.status} ${text}`);
}

function call(url: string, signal: AbortSignal, body?: object): Promise<Response> {
  return fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_DEADLINE_MS)]),
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}
