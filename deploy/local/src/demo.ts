import { setTimeout as delay } from 'node:timers/promises';

const demoConsumer = 'demo-consumer';
const demoRestaurant = 'demo-restaurant';

/** An order that the demo consumer may place. */
export const demoOrder = {
  consumerId: demoConsumer,
  restaurantId: demoRestaurant,
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

/** What became of one order; times in milliseconds since it was sent. */
export interface DemoResult {
  readonly id: string;
  readonly acknowledgedMs: number;
  readonly settledMs: number;
  readonly status: string;
  readonly total?: { readonly amount: number; readonly currency: string };
  readonly reasons: readonly { readonly code: string }[];
}

type OrderView = Pick<DemoResult, 'id' | 'status' | 'total' | 'reasons'>;

const callDeadlineMs = 10_000;
const settleDeadlineMs = 30_000;

/** Puts in a consumer and a restaurant with fixed ids, unless an earlier run did. */
export async function seedDemo(urls: DemoUrls, signal: AbortSignal): Promise<void> {
  await Promise.all([
    create(`${urls.consumer}/consumers`, consumer, signal),
    create(`${urls.restaurant}/restaurants`, restaurant, signal),
  ]);
}

const consumer = { id: demoConsumer, name: 'Demo consumer', orderLimit: { amount: 100_00, currency: 'EUR' } };
const restaurant = {
  id: demoRestaurant,
  name: 'Demo restaurant',
  currency: 'EUR',
  menu: [
    { id: 'margherita', name: 'Pizza Margherita', price: 9_50 },
    { id: 'espresso', name: 'Espresso', price: 2_20 },
  ],
};

/** Places one order and follows it until it is settled. */
export async function placeDemoOrder(urls: DemoUrls, signal: AbortSignal): Promise<DemoResult> {
  const sent = performance.now();
  const since = () => Math.round(performance.now() - sent);
  const response = await call(`${urls.order}/orders`, signal, demoOrder);
  if (response.status !== 202) throw new Error(`the order was answered ${response.status} ${await response.text()}`);
  const { id } = (await response.json()) as OrderView;
  const acknowledgedMs = since();
  const order = await settled(`${urls.order}/orders/${id}`, signal);
  return { ...order, acknowledgedMs, settledMs: since() };
}

async function settled(url: string, signal: AbortSignal): Promise<OrderView> {
  const end = performance.now() + settleDeadlineMs;
  while (performance.now() < end) {
    const order = (await (await call(url, signal)).json()) as OrderView;
    if (order.status !== 'PENDING') return order;
    await delay(10, undefined, { signal });
  }
  throw new Error(`${url} is still PENDING after ${settleDeadlineMs / 1000} s`);
}

async function create(url: string, body: object, signal: AbortSignal): Promise<void> {
  const conflict = 409;
  const response = await call(url, signal, body);
  const text = await response.text();
  if (!response.ok && response.status !== conflict) throw new Error(`${url} answers ${response.status} ${text}`);
}

function call(url: string, signal: AbortSignal, body?: object): Promise<Response> {
  return fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(callDeadlineMs)]),
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}
