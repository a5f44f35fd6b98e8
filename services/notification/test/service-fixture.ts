import { randomUUID } from 'node:crypto';
import { type CloudEvent, entriesOf } from '@standing-order/contracts';
import { createEvent } from '@standing-order/dapr';
import { systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { notificationApp } from '../src/app.ts';
import { createDeliveryLog } from '../src/delivery/storage/delivery-log.ts';
import { createDeliveryStateStore } from '../src/delivery/storage/delivery-state-store.ts';
import { createEndpointLogs, eventLogKey } from '../src/delivery/storage/logs.ts';
import { createAddressPolicy, parseRanges } from '../src/endpoints/address-policy.ts';
import { createEndpointStore } from '../src/endpoints/endpoint-store.ts';
import { createSecretCipher } from '../src/endpoints/secret-cipher.ts';

export const ENDPOINT_URL = 'https://example.com/hook';

/** The time of a decision that names no other one. */
const DECIDED_AT = 5;

/** The id of the event of this decision. */
export const eventOf = (order: string, decidedAt = DECIDED_AT): string => `settled-${order}-${decidedAt}`;

/** The service over an in-memory store, without delivery workers. */
export function startService() {
  const store = createMemoryStore();
  const newId = () => uuidv7(systemClock, systemRandom);
  const endpoints = createEndpointStore({ store, cipher: createSecretCipher([]), nonce: newId });
  const logs = createEndpointLogs(store);
  const states = createDeliveryStateStore(store);
  const published: { topic: string; subject: string }[] = [];
  const woken: string[] = [];
  let brokerAccepts = true;
  const isAllowedAddress = createAddressPolicy(parseRanges([]) as NonNullable<ReturnType<typeof parseRanges>>);
  const app = notificationApp({
    endpoints,
    logs,
    deliveryLog: createDeliveryLog({ states, logs, now: () => 1_000 }),
    deliveryManager: { wake: (ids) => woken.push(...ids), refresh: () => {} },
    policy: { allowHttp: false, isAllowedAddress },
    sidecar: {
      async publish(_pubsub, topic, messages) {
        // Replies to orders of the same partition share a batch message.
        const events = messages.flatMap(({ event }) => entriesOf(event) as readonly CloudEvent[]);
        published.push(...events.map(({ subject }) => ({ topic, subject })));
        return messages.map(() => brokerAccepts);
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 1_000 },
    newId,
    readiness: () => ({ ready: true, reasons: [] }),
    authenticate: undefined,
  });

  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await app.request(path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: each test asserts the body that it expects
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as any };
  }

  async function decide(
    ...orders: { id: string; status?: string; consumerId?: string; decidedAt?: number }[]
  ): Promise<string[]> {
    const entries = orders.map(({ id, status = 'VALIDATED', consumerId = 'ada', decidedAt = DECIDED_AT }, index) => ({
      entryId: String(index),
      event: createEvent({
        id: `${id}-notification`,
        source: '/order',
        type: 'com.standing-order.order-settled.v1',
        subject: id,
        time: 0,
        trace: undefined,
        data: {
          orderId: id,
          token: { w: 'w', a: 1, t: 1 },
          consumerId,
          status,
          reasons: [],
          settledAt: new Date(decidedAt).toISOString(),
        },
      }),
    }));
    const { body } = await send('POST', '/messages/order-settled', { type: 'com.dapr.event.sent.bulk', entries });
    return body.statuses.map(({ status }: { status: string }) => status);
  }
  const logged = async (endpoint: string) =>
    (await logs.events.read(eventLogKey(endpoint), { after: 0, limit: 100 })).entries.map(({ entry }) => entry.id);

  const breakBroker = () => {
    brokerAccepts = false;
  };
  return { send, decide, logged, logs, store, endpoints, states, published, woken, breakBroker };
}

/** A fresh order id. */
export const orderId = () => `${randomUUID().slice(0, 14)}7${randomUUID().slice(15)}`;
