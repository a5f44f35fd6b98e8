import { type CloudEvent, entriesOf, messageSchema, TOPICS, type Topic } from '@standing-order/contracts';
import { createEvent, type Publication } from '@standing-order/dapr';
import type { OutgoingCommand, Token } from '@standing-order/outbox';
import { createApp } from '@standing-order/service-kit/http';
import { describe, expect, it } from 'vitest';
import type { OrderInput } from '../domain/decide.ts';
import { newOrder, type Order } from '../domain/order.ts';
import { commandTransport } from '../outbox/command-transport.ts';
import { type MessageChannel, orderDocumentHandler } from '../outbox/document-handler.ts';
import { createTokenSigner, KEY_LENGTH } from '../outbox/token-signature.ts';
import { subscribeToReplies } from './replies.ts';

const orderId = (index: number) => `01890a5d-ac96-774b-bcce-00000000000${index}`;
const token = { w: 'writer', a: 2, t: 1234.5 };
const tokens = createTokenSigner([Buffer.alloc(KEY_LENGTH, 1)]);
const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };

const outgoing = (index: number, channel: 'consumer' | 'details'): OutgoingCommand<Order> => ({
  channel,
  lane: index,
  alone: false,
  token,
  document: newOrder({
    id: orderId(index),
    nonce: 'n',
    fingerprint: '1:x',
    client: 'anonymous',
    trace,
    request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: index }] },
    now: 0,
  }),
});

/** A transport over a broker that accepts a message if `accepts` returns true. */
function transport(accepts: (topic: string, message: Publication) => boolean = () => true) {
  const published: { topic: string; messages: readonly Publication[] }[] = [];
  const { send } = commandTransport({
    sidecar: {
      publish: async (_pubsub, topic, messages) => {
        published.push({ topic, messages });
        return messages.map((message) => accepts(topic, message));
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 0 },
    tokens,
    partitionKeyOf: String,
    maxEntries: 128,
  });
  return { send, published };
}

describe('commands', () => {
  const batch = [outgoing(1, 'details'), outgoing(2, 'consumer'), outgoing(3, 'details'), outgoing(1, 'consumer')];

  it('are published as one bulk per topic, as their contract requires', async () => {
    const { send, published } = transport();
    expect(await send(batch)).toEqual([true, true, true, true]);
    expect(published.map(({ topic, messages }) => [topic, messages.length])).toEqual([
      ['restaurant-commands', 2],
      ['consumer-commands', 2],
    ]);
    for (const { topic, messages } of published) {
      const { types } = TOPICS[topic as 'consumer-commands' | 'restaurant-commands'] as Topic;
      for (const { event } of messages) {
        const { data } = messageSchema(types).parse(event) as { data: { orderId: string; token: Token } };
        const channel = topic === 'consumer-commands' ? 'consumer' : 'details';
        expect(tokens.verify(data.token, data.orderId, channel)).toEqual({ token });
      }
    }
  });

  it('share a batch message per partition key, except for those that are alone', async () => {
    const { send, published } = transport();
    const inLane = (index: number, alone: boolean) => ({ ...outgoing(index, 'consumer'), lane: 5, alone });
    expect(await send([inLane(1, false), inLane(2, true), outgoing(3, 'consumer'), inLane(4, false)])).toEqual(
      Array(4).fill(true),
    );
    const events = published.flatMap(({ messages }) => messages.map(({ event }) => event));
    expect(events.map((event) => entriesOf(event).map((entry) => (entry as CloudEvent).subject))).toEqual([
      [orderId(1), orderId(4)],
      [orderId(2)],
      [orderId(3)],
    ]);
    for (const event of events)
      for (const entry of entriesOf(event)) {
        const { traceparent, partitionkey, data } = messageSchema(TOPICS['consumer-commands'].types).parse(entry);
        expect({ traceparent, key: partitionkey }).toEqual({ ...trace, key: data.orderId === orderId(3) ? '3' : '5' });
        expect(tokens.verify(data.token, data.orderId, 'consumer')).toEqual({ token });
      }
  });

  it('have the trace and the lane of their order, and an id for each attempt', async () => {
    const { send, published } = transport();
    await send([outgoing(5, 'consumer')]);
    expect(published[0]?.messages).toMatchObject([
      { partitionKey: '5', event: { ...trace, traceid: trace.traceparent, id: `${orderId(5)}-consumer-writer-2` } },
    ]);
  });

  it('include a decided order for the notification service, if it was stored so, until it is confirmed', async () => {
    const answers = { consumer: { kind: 'consumer', valid: false, token, reasons: [] } } as const;
    const pending = newOrder({ ...outgoing(1, 'consumer').document, now: 0, notify: true });
    expect(orderDocumentHandler.pendingChannels(pending)).toEqual(['consumer', 'details']);
    const order: Order = { ...pending, status: 'EXPIRED', settledAt: 5, answers };
    expect(orderDocumentHandler.pendingChannels(order)).toEqual(['notification']);
    const { send, published } = transport();
    await send([{ ...outgoing(1, 'consumer'), channel: 'notification', document: order }]);
    expect(published.map(({ topic }) => topic)).toEqual(['order-settled']);
    const event = messageSchema(TOPICS['order-settled'].types).parse(published[0]?.messages[0]?.event);
    expect(event).toMatchObject({ ...trace, subject: order.id });
    expect(event.data).toEqual({
      orderId: order.id,
      token: tokens.sign(token, order.id, 'notification'),
      consumerId: 'ada',
      status: 'EXPIRED',
      reasons: [],
      settledAt: '1970-01-01T00:00:00.005Z',
    });

    const confirmed = orderDocumentHandler.apply(order, { kind: 'noted', token }, 9);
    if (!('document' in confirmed)) throw new Error('the confirmation changes nothing');
    expect(orderDocumentHandler.pendingChannels(confirmed.document)).toEqual([]);
    expect(orderDocumentHandler.acknowledged(confirmed.document)).toContainEqual({ channel: 'notification', token });
    const { notify: _, ...unnotified } = order;
    expect(orderDocumentHandler.apply(unnotified, { kind: 'noted', token }, 9)).toEqual({ ignored: 'not-awaited' });
  });

  it('have one result each, in the order of the batch', async () => {
    const { send } = transport((topic, { event }) => topic === 'consumer-commands' && event.subject === orderId(1));
    expect(await send(batch)).toEqual([false, false, false, true]);
  });
});

describe('replies', () => {
  const reasons = [{ code: 'RESTAURANT_CLOSED', detail: 'closed' }];
  const lines = [{ itemId: 'pizza', name: 'Pizza', quantity: 1, unitPrice: 900, amount: 900 }];
  const money = { amount: 900, currency: 'EUR' };
  const reply = (index: number, channel: MessageChannel, type: string, data: object) => ({
    entryId: String(index),
    event: createEvent({
      id: `reply-${index}`,
      source: '/consumer',
      type: `com.standing-order.${type}.v1`,
      subject: orderId(index),
      time: 0,
      data: { orderId: orderId(index), token: tokens.sign(token, orderId(index), channel), ...data },
      trace,
    }),
  });
  const entries = [
    reply(1, 'consumer', 'consumer-validated', { orderLimit: money }),
    reply(2, 'consumer', 'consumer-refused', { reasons }),
    reply(3, 'details', 'order-details-validated', { lines, total: money }),
    reply(4, 'details', 'order-details-refused', { reasons }),
    reply(5, 'notification', 'settlement-noted', {}),
  ];

  async function deliver(
    record: (entries: readonly { id: string; reply: OrderInput }[]) => void,
    topic = 'order-replies',
    delivered = entries,
  ) {
    const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
    subscribeToReplies(app, {
      sidecar: { publish: async (_pubsub, _topic, messages) => messages.map(() => true) },
      pubsub: 'messages',
      tokens,
      async record(recorded) {
        record(recorded);
        return [];
      },
    });
    const response = await app.request(`/messages/${topic}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'com.dapr.event.sent.bulk', entries: delivered }),
    });
    const { statuses } = (await response.json()) as { statuses: { status: string }[] };
    return statuses.map(({ status }) => status);
  }

  it('are recorded together as inputs of their orders, and acknowledged', async () => {
    const calls: unknown[] = [];
    expect(await deliver((recorded) => calls.push(recorded))).toEqual(entries.map(() => 'SUCCESS'));
    expect(calls).toEqual([
      [
        { id: orderId(1), reply: { kind: 'consumer', valid: true, token, orderLimit: money } },
        { id: orderId(2), reply: { kind: 'consumer', valid: false, token, reasons } },
        { id: orderId(3), reply: { kind: 'details', valid: true, token, lines, total: money } },
        { id: orderId(4), reply: { kind: 'details', valid: false, token, reasons } },
        { id: orderId(5), reply: { kind: 'noted', token } },
      ],
    ]);
  });

  it.each(['order-replies', 'order-confirmations'])('of a client are recorded from %s', async (topic) => {
    const calls: unknown[] = [];
    const confirmation = [reply(6, 'response', 'outcome-received', {})];
    expect(await deliver((recorded) => calls.push(recorded), topic, confirmation)).toEqual(['SUCCESS']);
    expect(calls).toEqual([[{ id: orderId(6), reply: { kind: 'received', token } }]]);
  });

  it('are not recorded from order-confirmations, where clients may publish', async () => {
    const calls: unknown[] = [];
    await deliver((recorded) => calls.push(recorded), 'order-confirmations');
    expect(calls).toEqual([]);
  });

  it('are delivered again when the store fails', async () => {
    const statuses = await deliver(() => {
      throw new Error('the store is down');
    });
    expect(statuses).toEqual(entries.map(() => 'RETRY'));
  });
});
