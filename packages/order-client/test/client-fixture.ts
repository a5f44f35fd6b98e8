import { type CloudEvent, entriesOf, orderRequest, orderView } from '@standing-order/contracts';
import { createEvent, type Publication, type StateStore } from '@standing-order/dapr';
import { createApp } from '@standing-order/service-kit/http';
import { createManualClock } from '@standing-order/testing/manual-clock';
import type { MemoryStore } from '@standing-order/testing/memory-store';
import { onTestFinished, vi } from 'vitest';
import { createOrderClient } from '../src/client.ts';

export const order = orderRequest.parse({
  consumerId: 'ada',
  restaurantId: 'trattoria',
  lines: [{ itemId: 'pizza', quantity: 2 }],
});
export const orderId = '01890a5d-ac96-774b-bcce-000000000001';
export const token = { w: 'w', a: 1, t: 1 };
export const view = orderView.parse({
  ...order,
  id: orderId,
  status: 'EXPIRED',
  createdAt: '2026-01-01T00:00:00Z',
  settledAt: '2026-01-01T00:00:01Z',
  reasons: [],
});

/** The entries of the pending list. */
export function listIn(store: MemoryStore): object {
  const list = store.entries.get('order-requests:shop')?.value as { readonly pending: object };
  return list.pending;
}

/** Replaces a stored request by one of a later version. Returns a function that restores it. */
export async function makeUnreadable(store: MemoryStore, id: string): Promise<() => Promise<unknown>> {
  const key = `order-request:shop:${id}`;
  const replace = (value: unknown) => store.update(key, value, store.entries.get(key)?.etag ?? '');
  const value = store.entries.get(key)?.value as object;
  await replace({ ...value, v: 2 });
  return () => replace(value);
}

/** One process of the client. */
export function start(
  store: StateStore,
  {
    clock = createManualClock(),
    maxPending = 1_000,
    takes = (_: Publication): boolean => true,
    /** Ends when the broker responds. */
    response = async () => {},
  } = {},
) {
  const sent: { topic: string; event: Publication['event'] }[] = [];
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  const sidecar = {
    async publish(_pubsub: string, topic: string, messages: readonly Publication[]) {
      sent.push(...messages.map(({ event }) => ({ topic, event })));
      await response();
      return messages.map(takes);
    },
  };
  const client = createOrderClient({ name: 'shop', app, sidecar, store, maxPending, clock });
  onTestFinished(() => client.close());

  async function deliver(...events: object[]) {
    const response = await app.request('/messages/order-outcomes-shop', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        type: 'com.dapr.event.sent.bulk',
        entries: events.map((event, index) => ({ entryId: String(index), event })),
      }),
    });
    const { statuses } = (await response.json()) as { statuses: { status: string }[] };
    return statuses.map(({ status }) => status);
  }
  const messagesTo = (topic: string) => sent.filter((message) => message.topic === topic).map(({ event }) => event);
  /** The messages to a topic, those inside batch messages one by one. */
  const sentTo = (topic: string) => messagesTo(topic).flatMap((message) => entriesOf(message) as CloudEvent[]);
  const requests = () => sentTo('order-requests');
  const placed = (count: number) => vi.waitUntil(() => requests().length === count);
  return { client, clock, deliver, messagesTo, sentTo, requests, placed };
}

/** Lets the poll of a second take place. */
export async function pollAgain(clock: ReturnType<typeof createManualClock>): Promise<void> {
  clock.advance(1_000);
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
}

export const event = (type: string, data: object, id = 'm1') =>
  createEvent({ id, source: '/order', type, subject: 's', time: 0, trace: undefined, data });
export const settled = (correlationId: string, status: 'EXPIRED' | 'VALIDATED' = 'EXPIRED', attempt = 1) =>
  event('com.standing-order.order-outcome.v1', {
    orderId,
    token: { ...token, a: attempt },
    correlationId,
    order: { ...view, status },
  });
