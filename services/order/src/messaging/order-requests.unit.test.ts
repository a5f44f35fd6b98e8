import { createBatch, entryOf, messageSchema, type OrderRequest, OUTCOME_TYPES } from '@standing-order/contracts';
import { createEvent, type Publication } from '@standing-order/dapr';
import { createApp } from '@standing-order/service-kit/http';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../domain/decide.ts';
import { newOrder, type Order } from '../domain/order.ts';
import { toVerdict } from '../domain/verdict.ts';
import { commandTransport } from '../outbox/command-transport.ts';
import { orderDocumentHandler } from '../outbox/document-handler.ts';
import { createTokenSigner, KEY_LENGTH } from '../outbox/token-signature.ts';
import type { PlaceOrderCommand, PlaceOrderResult } from '../styles/place-order.ts';
import { subscribeToOrderRequests, UNKNOWN_CLIENT } from './order-requests.ts';

const request: OrderRequest = {
  consumerId: 'ada',
  restaurantId: 'trattoria',
  lines: [{ itemId: 'pizza', quantity: 2 }],
};
const data = { correlationId: 'basket-7', replyTo: 'shop', request };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const token = { w: 'writer', a: 1, t: 5 };
const tokens = createTokenSigner([Buffer.alloc(KEY_LENGTH)]);

/** A decided order that was placed by message. */
function decidedOrder(): Order {
  const order = newOrder({
    id: '01890a5d-ac96-774b-bcce-000000000001',
    nonce: 'n',
    fingerprint: '1:x',
    style: 'messaging',
    client: 'channel:shop',
    trace: { traceparent },
    request,
    now: 0,
  });
  const money = { amount: 1800, currency: 'EUR' };
  const line = { itemId: 'pizza', name: 'Pizza', quantity: 2, unitPrice: 900, amount: 1800 };
  return evaluate(
    { ...order, replyTo: { client: 'shop', correlationId: 'basket-7' } },
    toVerdict({ type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: money } }),
    toVerdict({ type: 'com.standing-order.order-details-validated.v1', data: { lines: [line], total: money } }),
    1000,
  );
}

const requestMessage = (content: unknown, id: string) =>
  createEvent({
    id,
    source: '/client/shop',
    type: 'com.standing-order.create-order.v1',
    subject: 'basket-7',
    time: 0,
    trace: { traceparent },
    data: content,
  });

/** Delivers a request to the handler. `result` is the result of placing the order; the broker accepts replies if `isUp`. */
const deliver = (
  content: unknown,
  result: PlaceOrderResult,
  isUp = true,
  id = 'q1',
  messageClients?: ReadonlySet<string>,
) => deliverMessage(requestMessage(content, id), () => result, isUp, messageClients);

/** Delivers a message to the handler. */
async function deliverMessage(
  event: object,
  resultOf: (command: PlaceOrderCommand) => PlaceOrderResult,
  isUp = true,
  messageClients?: ReadonlySet<string>,
) {
  const commands: PlaceOrderCommand[] = [];
  const published: { topic: string; event: Publication['event'] }[] = [];
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  subscribeToOrderRequests(app, {
    sidecar: {
      async publish(_pubsub, topic, messages) {
        published.push(...messages.map(({ event }) => ({ topic, event })));
        return messages.map(() => isUp);
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 0 },
    tokens,
    messageClients,
    async placeOrder(command) {
      commands.push(command);
      return resultOf(command);
    },
  });
  const response = await app.request('/messages/order-requests', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'com.dapr.event.sent.bulk', entries: [{ entryId: '1', event }] }),
  });
  const { statuses } = (await response.json()) as { statuses: { status: string }[] };
  return { commands, published, status: statuses[0]?.status };
}

const stored: PlaceOrderResult = { outcome: 'taken', order: newOrder({ ...decidedOrder(), now: 0 }) };

describe('a request by message', () => {
  it('is placed in its trace, and acknowledged when its order is stored', async () => {
    const { commands, published, status } = await deliver(data, stored);
    const replyTo = { client: 'shop', correlationId: 'basket-7' };
    expect(commands).toEqual([{ request, client: 'channel:shop', replyTo, trace: { traceparent } }]);
    expect([published, status]).toEqual([[], 'SUCCESS']);
  });

  it.each([
    [true, { readsBatches: true }],
    [false, {}],
  ])('keeps with its order whether its client reads batch messages: %s', async (readsBatches, kept) => {
    const { commands, status } = await deliver({ ...data, readsBatches }, stored);
    const replyTo = { client: 'shop', correlationId: 'basket-7', ...kept };
    expect([commands.map((command) => command.replyTo), status]).toEqual([[replyTo], 'SUCCESS']);
  });

  it.each(['full', 'unwritable', 'unsent'] as const)(
    'is delivered again when no order was stored: %s',
    async (outcome) => {
      expect((await deliver(data, { outcome })).status).toBe('RETRY');
    },
  );

  it('is delivered again when the outcome of storing is unknown', async () => {
    expect((await deliver(data, { outcome: 'unknown', id: 'x' })).status).toBe('RETRY');
  });

  it.each<[string, unknown, PlaceOrderResult, (string | undefined)[], string | undefined]>([
    [
      'a quantity of 0',
      { ...data, request: { ...request, lines: [{ itemId: 'a', quantity: 0 }] } },
      stored,
      ['request.lines[0].quantity'],
      'basket-7',
    ],
    ['no request', { correlationId: 'basket-7', replyTo: 'shop' }, stored, ['request'], 'basket-7'],
    ['no correlation id', { replyTo: 'shop', request }, stored, ['correlationId'], undefined],
    ['a correlation id with spaces', { ...data, correlationId: 'a b' }, stored, ['correlationId'], undefined],
    ['a correlation id of another order', data, { outcome: 'key-reused' }, ['correlationId'], 'basket-7'],
    ['an order that the store does not accept', data, { outcome: 'unstorable' }, [], 'basket-7'],
  ])('is refused on the reply channel with %s', async (_, content, result, fields, correlationId) => {
    const { published, status } = await deliver(content, result);
    expect([published.length, published[0]?.topic, status]).toEqual([1, 'order-outcomes-shop', 'SUCCESS']);
    const refusal = messageSchema(OUTCOME_TYPES).parse(published[0]?.event);
    expect(refusal).toMatchObject({ traceparent, data: { errors: fields.map((field) => ({ field })) } });
    expect(refusal.data.correlationId).toBe(correlationId);
    expect((await deliver(content, result, false)).status).toBe('RETRY');
  });

  it('is refused with a number of faults that fits into a message', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 12_000 }, (_, index) => [`field-${index}`, 1]));
    const { published } = await deliver({ ...data, request: { ...request, ...unknown } }, stored);
    expect(published[0]?.topic).toBe('order-outcomes-shop');
    expect(JSON.stringify(published[0]?.event).length).toBeLessThan(200_000);
  });

  it('gets a reply with the same id each time, also for a request id of maximum length', async () => {
    const ids = await Promise.all(
      ['x'.repeat(255), 'x'.repeat(255), 'y'.repeat(255)].map(async (id) => {
        const { published } = await deliver({ ...data, request: {} }, stored, true, id);
        return messageSchema(OUTCOME_TYPES).parse(published[0]?.event).id;
      }),
    );
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it.each([undefined, 7, '', 'Shop', '-shop', 'shop-dead', 'shop.eu', 'a'.repeat(64), 'order-replies/../x'])(
    'goes to the dead-letter topic without a valid reply channel: %j',
    async (replyTo) => {
      const { commands, published } = await deliver({ ...data, replyTo }, stored);
      expect([commands, published.map(({ topic }) => topic)]).toEqual([[], ['order-requests-dead']]);
    },
  );

  // Each refusal went to a channel of the name in the request, so that a client could create any number of topics.
  it.each([data, { replyTo: 'shop' }])(
    'of a client that may not order is a dead letter, and creates no reply channel',
    async (content) => {
      const { commands, published, status } = await deliver(content, stored, true, 'q1', new Set(['kiosk']));
      expect([commands, status]).toEqual([[], 'SUCCESS']);
      expect(published).toMatchObject([{ topic: 'order-requests-dead', event: { data: { reason: UNKNOWN_CLIENT } } }]);
      const allowed = await deliver(content, stored, true, 'q1', new Set(['kiosk', 'shop']));
      expect(allowed).toEqual(await deliver(content, stored));
    },
  );
});

describe('a batch message of requests', () => {
  const contentOf = (correlationId: string) => ({ ...data, correlationId });
  function batchOf(...contents: readonly { readonly correlationId: string }[]) {
    const events = contents.map((content) => requestMessage(content, `${content.correlationId}-1`));
    const [first] = events;
    if (first === undefined) throw new Error('a batch without entries');
    return createBatch('com.standing-order.order-requests-batch.v1', first, events.map(entryOf));
  }
  const placedIds = (commands: readonly PlaceOrderCommand[]) => commands.map(({ replyTo }) => replyTo?.correlationId);

  it('places each request in its own trace, and refuses or dead-letters a bad one alone', async () => {
    const refused = { ...contentOf('refused'), request: {} };
    const dead = { ...contentOf('dead'), replyTo: '../order-replies' };
    const event = batchOf(contentOf('a'), refused, dead, contentOf('b'));
    const { commands, published, status } = await deliverMessage(event, () => stored);
    expect([placedIds(commands), status]).toEqual([['a', 'b'], 'SUCCESS']);
    expect(commands.map(({ trace }) => trace)).toEqual([{ traceparent }, { traceparent }]);
    expect(published.toSorted((a, b) => a.topic.localeCompare(b.topic))).toMatchObject([
      { topic: 'order-outcomes-shop', event: { subject: 'refused', data: { correlationId: 'refused' } } },
      { topic: 'order-requests-dead', event: { subject: 'dead', data: { original: { id: 'dead-1' } } } },
    ]);
  });

  it('is acknowledged with a request that was not stored, which its client repeats', async () => {
    const resultOf = ({ replyTo }: PlaceOrderCommand): PlaceOrderResult =>
      replyTo?.correlationId === 'b' ? { outcome: 'full' } : stored;
    const { commands, published, status } = await deliverMessage(batchOf(contentOf('a'), contentOf('b')), resultOf);
    expect([placedIds(commands), published, status]).toEqual([['a', 'b'], [], 'SUCCESS']);
  });

  it('is delivered again when none of its requests was stored', async () => {
    const { status } = await deliverMessage(batchOf(contentOf('a'), contentOf('b')), () => ({ outcome: 'full' }));
    expect(status).toBe('RETRY');
  });
});

describe('the outcome', () => {
  it('is sent when the order is decided, until the client confirms it', async () => {
    const order = decidedOrder();
    const topics: string[] = [];
    const events: unknown[] = [];
    const { send } = commandTransport({
      sidecar: {
        async publish(_pubsub, topic, messages) {
          topics.push(topic);
          events.push(...messages.map(({ event }) => event));
          return messages.map(() => true);
        },
      },
      pubsub: 'messages',
      clock: { wall: () => 0 },
      tokens,
      partitionKeyOf: String,
      maxEntries: 128,
    });
    expect(orderDocumentHandler.pendingChannels(order)).toEqual(['response']);
    await send([{ channel: 'response', lane: 1, token, document: order, alone: false }]);
    expect(topics).toEqual(['order-outcomes-shop']);
    expect(messageSchema(OUTCOME_TYPES).parse(events[0]).data).toMatchObject({
      orderId: order.id,
      token: tokens.sign(token, order.id, 'response'),
      correlationId: 'basket-7',
      order: { status: 'VALIDATED' },
    });

    const confirmed = orderDocumentHandler.apply(order, { kind: 'received', token }, 0);
    if (!('document' in confirmed)) throw new Error('the confirmation changes nothing');
    expect(orderDocumentHandler.pendingChannels(confirmed.document)).toEqual([]);
    expect(orderDocumentHandler.acknowledged(confirmed.document)).toContainEqual({ channel: 'response', token });
    expect(orderDocumentHandler.apply(confirmed.document, { kind: 'received', token }, 0)).toEqual({
      ignored: 'already-answered',
    });
  });

  it('is sent again to a client that has confirmed it and requests the order once more', async () => {
    const order: Order = { ...decidedOrder(), received: token };
    const { published, status } = await deliver(data, { outcome: 'taken', order });
    expect([published[0]?.topic, status]).toEqual(['order-outcomes-shop', 'SUCCESS']);
    expect(messageSchema(OUTCOME_TYPES).parse(published[0]?.event).data).toMatchObject({
      token: tokens.sign(token, order.id, 'response'),
    });
  });

  it('is not sent for an order by HTTP, and cannot be confirmed before the order is decided', () => {
    const { replyTo, ...order } = decidedOrder();
    expect(orderDocumentHandler.pendingChannels(order as Order)).toEqual([]);
    expect(orderDocumentHandler.apply(order as Order, { kind: 'received', token }, 0)).toEqual({
      ignored: 'not-awaited',
    });
    const pending = { ...newOrder({ ...order, now: 0 }), ...(replyTo && { replyTo }) };
    expect(orderDocumentHandler.apply(pending, { kind: 'received', token }, 0)).toEqual({ ignored: 'not-decided' });
  });
});
