import { messageSchema, TOPICS, type Topic } from '@standing-order/contracts';
import { createEvent, type Publication } from '@standing-order/dapr';
import type { OutgoingCommand } from '@standing-order/outbox';
import { createApp } from '@standing-order/service-kit/http';
import { describe, expect, it } from 'vitest';
import type { Message } from '../domain/decide.ts';
import { newOrder, type Order } from '../domain/order.ts';
import { orderBusiness } from '../outbox/business.ts';
import { commandTransport } from '../outbox/commands.ts';
import { replyHandler } from './replies.ts';

const orderId = (index: number) => `01890a5d-ac96-774b-bcce-00000000000${index}`;
const token = { w: 'writer', a: 2, t: 1234.5 };
const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };

const outgoing = (index: number, channel: 'consumer' | 'details'): OutgoingCommand<Order> => ({
  channel,
  lane: index,
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

/** A transport whose broker takes what `takes` says. */
function transport(takes: (topic: string, message: Publication) => boolean = () => true) {
  const published: { topic: string; messages: readonly Publication[] }[] = [];
  const { send } = commandTransport({
    sidecar: {
      publish: async (_pubsub, topic, messages) => {
        published.push({ topic, messages });
        return messages.map((message) => takes(topic, message));
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 0 },
  });
  return { send, published };
}

describe('commands', () => {
  const batch = [outgoing(1, 'details'), outgoing(2, 'consumer'), outgoing(3, 'details'), outgoing(1, 'consumer')];

  it('are sent as one bulk per topic, in the form of their contract', async () => {
    const { send, published } = transport();
    expect(await send(batch)).toEqual([true, true, true, true]);
    expect(published.map(({ topic, messages }) => [topic, messages.length])).toEqual([
      ['restaurant-commands', 2],
      ['consumer-commands', 2],
    ]);
    for (const { topic, messages } of published) {
      const { types } = TOPICS[topic as 'consumer-commands' | 'restaurant-commands'] as Topic;
      for (const { event } of messages) expect(messageSchema(types).parse(event).data).toMatchObject({ token });
    }
  });

  it('carry the trace of their order and its lane, and have an id for each attempt', async () => {
    const { send, published } = transport();
    await send([outgoing(5, 'consumer')]);
    expect(published[0]?.messages).toMatchObject([
      { partitionKey: '5', event: { ...trace, traceid: trace.traceparent, id: `${orderId(5)}-consumer-writer-2` } },
    ]);
  });

  it('tell of a settled order where that was asked for when it was taken, until it is noted', async () => {
    const answers = { consumer: { kind: 'consumer', valid: false, token, reasons: [] } } as const;
    const taken = newOrder({ ...outgoing(1, 'consumer').document, now: 0, notify: true });
    expect(orderBusiness.pendingChannels(taken)).toEqual(['consumer', 'details']);
    const order: Order = { ...taken, status: 'EXPIRED', settledAt: 5, answers };
    expect(orderBusiness.pendingChannels(order)).toEqual(['notification']);
    const { send, published } = transport();
    await send([{ ...outgoing(1, 'consumer'), channel: 'notification', document: order }]);
    expect(published.map(({ topic }) => topic)).toEqual(['order-settled']);
    const event = messageSchema(TOPICS['order-settled'].types).parse(published[0]?.messages[0]?.event);
    expect(event).toMatchObject({ ...trace, subject: order.id });
    expect(event.data).toEqual({
      orderId: order.id,
      token,
      consumerId: 'ada',
      status: 'EXPIRED',
      reasons: [],
      settledAt: '1970-01-01T00:00:00.005Z',
    });

    const noted = orderBusiness.apply(order, { kind: 'noted', token }, 9);
    if (!('document' in noted)) throw new Error('the note changes nothing');
    expect(orderBusiness.pendingChannels(noted.document)).toEqual([]);
    expect(orderBusiness.acknowledged(noted.document)).toContainEqual({ channel: 'notification', token });
    const { notify: _, ...unasked } = order;
    expect(orderBusiness.apply(unasked, { kind: 'noted', token }, 9)).toEqual({ ignored: 'nobody-waits' });
  });

  it('are reported one by one, each in the place where it was given', async () => {
    const { send } = transport((topic, { event }) => topic === 'consumer-commands' && event.subject === orderId(1));
    expect(await send(batch)).toEqual([false, false, false, true]);
  });
});

describe('replies', () => {
  const reasons = [{ code: 'RESTAURANT_CLOSED', detail: 'closed' }];
  const lines = [{ itemId: 'pizza', name: 'Pizza', quantity: 1, unitPrice: 900, amount: 900 }];
  const money = { amount: 900, currency: 'EUR' };
  const reply = (index: number, type: string, data: object) => ({
    entryId: String(index),
    event: createEvent({
      id: `reply-${index}`,
      source: '/consumer',
      type: `com.standing-order.${type}.v1`,
      subject: orderId(index),
      time: 0,
      data: { orderId: orderId(index), token, ...data },
      trace,
    }),
  });
  const entries = [
    reply(1, 'consumer-validated', { orderLimit: money }),
    reply(2, 'consumer-refused', { reasons }),
    reply(3, 'order-details-validated', { lines, total: money }),
    reply(4, 'order-details-refused', { reasons }),
    reply(5, 'settlement-noted', {}),
  ];

  async function deliver(record: (entries: readonly { id: string; reply: Message }[]) => void) {
    const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
    replyHandler(app, {
      sidecar: { publish: async (_pubsub, _topic, messages) => messages.map(() => true) },
      pubsub: 'messages',
      record: async (recorded) => record(recorded),
    });
    const response = await app.request('/messages/order-replies', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'com.dapr.event.sent.bulk', entries }),
    });
    const { statuses } = (await response.json()) as { statuses: { status: string }[] };
    return statuses.map(({ status }) => status);
  }

  it('are recorded all at once, in the terms of the order; an ignored one is done as well', async () => {
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

  it('come again when the store fails', async () => {
    const statuses = await deliver(() => {
      throw new Error('the store is down');
    });
    expect(statuses).toEqual(entries.map(() => 'RETRY'));
  });
});
