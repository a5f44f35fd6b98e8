import { messageSchema, type OrderRequest, OUTCOME_TYPES } from '@standing-order/contracts';
import { createEvent, type Publication } from '@standing-order/dapr';
import { createApp } from '@standing-order/service-kit/http';
import { describe, expect, it } from 'vitest';
import { asAnswer } from '../domain/answers.ts';
import { decideAtOnce } from '../domain/decide.ts';
import { newOrder, type Order } from '../domain/order.ts';
import { orderBusiness } from '../outbox/business.ts';
import { commandTransport } from '../outbox/commands.ts';
import { type Asked, messaging } from '../styles/messaging.ts';
import type { Placement } from '../styles/style.ts';
import { requestHandler } from './requests.ts';

const request: OrderRequest = {
  consumerId: 'ada',
  restaurantId: 'trattoria',
  lines: [{ itemId: 'pizza', quantity: 2 }],
};
const data = { correlationId: 'basket-7', replyTo: 'shop', request };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const token = { w: 'writer', a: 1, t: 5 };

/** An order that was asked for by message and has its verdict. */
function settledOrder(): Order {
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
  return decideAtOnce(
    { ...order, replyTo: { client: 'shop', correlationId: 'basket-7' } },
    asAnswer({ type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: money } }),
    asAnswer({ type: 'com.standing-order.order-details-validated.v1', data: { lines: [line], total: money } }),
    1000,
  );
}

/** The handler over styles that answer what `placement` says, and a broker that takes what `takes` says. */
async function deliver(content: unknown, placement: Placement, takes = true, id = 'q1') {
  const asked: Asked[] = [];
  const published: { topic: string; event: Publication['event'] }[] = [];
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  requestHandler(app, {
    sidecar: {
      async publish(_pubsub, topic, messages) {
        published.push(...messages.map(({ event }) => ({ topic, event })));
        return messages.map(() => takes);
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 0 },
    async place(order) {
      asked.push(order);
      return placement;
    },
  });
  const about = { id, source: '/client/shop', subject: 'basket-7', time: 0, trace: { traceparent } };
  const event = createEvent({ ...about, type: 'com.standing-order.create-order.v1', data: content });
  const response = await app.request('/messages/order-requests', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'com.dapr.event.sent.bulk', entries: [{ entryId: '1', event }] }),
  });
  const { statuses } = (await response.json()) as { statuses: { status: string }[] };
  return { asked, published, status: statuses[0]?.status };
}

const taken: Placement = { outcome: 'taken', order: newOrder({ ...settledOrder(), now: 0 }) };

describe('a request that comes by message', () => {
  it('is placed, in its trace, and done once it is stored', async () => {
    const { asked, published, status } = await deliver(data, taken);
    const replyTo = { client: 'shop', correlationId: 'basket-7' };
    expect(asked).toEqual([{ request, replyTo, trace: { traceparent } }]);
    expect([published, status]).toEqual([[], 'SUCCESS']);
  });

  it.each(['full', 'unsent'] as const)('comes again when nothing was stored: %s', async (outcome) => {
    expect((await deliver(data, { outcome })).status).toBe('RETRY');
  });

  it('comes again when it is not known whether it was stored', async () => {
    expect((await deliver(data, { outcome: 'unknown', id: 'x' })).status).toBe('RETRY');
  });

  it.each<[string, unknown, Placement, (string | undefined)[], string | undefined]>([
    [
      'a quantity of 0',
      { ...data, request: { ...request, lines: [{ itemId: 'a', quantity: 0 }] } },
      taken,
      ['request.lines[0].quantity'],
      'basket-7',
    ],
    ['no request', { correlationId: 'basket-7', replyTo: 'shop' }, taken, ['request'], 'basket-7'],
    ['no correlation id', { replyTo: 'shop', request }, taken, ['correlationId'], undefined],
    ['a correlation id with spaces', { ...data, correlationId: 'a b' }, taken, ['correlationId'], undefined],
    ['a correlation id of another order', data, { outcome: 'key-reused' }, ['correlationId'], 'basket-7'],
    ['an order that the store does not take', data, { outcome: 'unstorable' }, [], 'basket-7'],
  ])('is refused on the reply channel with %s', async (_, content, placement, fields, correlationId) => {
    const { published, status } = await deliver(content, placement);
    expect([published.length, published[0]?.topic, status]).toEqual([1, 'order-outcomes-shop', 'SUCCESS']);
    const refusal = messageSchema(OUTCOME_TYPES).parse(published[0]?.event);
    expect(refusal).toMatchObject({ traceparent, data: { errors: fields.map((field) => ({ field })) } });
    expect(refusal.data.correlationId).toBe(correlationId);
    expect((await deliver(content, placement, false)).status).toBe('RETRY');
  });

  it('is refused with as many of its faults as a broker takes', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 12_000 }, (_, index) => [`field-${index}`, 1]));
    const { published } = await deliver({ ...data, request: { ...request, ...unknown } }, taken);
    expect(published[0]?.topic).toBe('order-outcomes-shop');
    expect(JSON.stringify(published[0]?.event).length).toBeLessThan(200_000);
  });

  it('has the same answer under the same id, whatever the length of its own', async () => {
    const ids = await Promise.all(
      ['x'.repeat(255), 'x'.repeat(255), 'y'.repeat(255)].map(async (id) => {
        const { published } = await deliver({ ...data, request: {} }, taken, true, id);
        return messageSchema(OUTCOME_TYPES).parse(published[0]?.event).id;
      }),
    );
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it.each([undefined, 7, '', 'Shop', '-shop', 'shop-dead', 'shop.eu', 'a'.repeat(64), 'order-replies/../x'])(
    'goes to the dead letters when it does not say where to reply: %j',
    async (replyTo) => {
      const { asked, published } = await deliver({ ...data, replyTo }, taken);
      expect([asked, published.map(({ topic }) => topic)]).toEqual([[], ['order-requests-dead']]);
    },
  );

  it('is the same order when it comes again, and another one under another name', async () => {
    const orders: Order[] = [];
    let made = 0;
    const place = messaging({
      outbox: {
        async store(order) {
          orders.push(order);
          return { outcome: 'created', document: order };
        },
      },
      clock: { wall: () => 0 },
      newId: () => String(++made),
      acceptDeadlineMs: 1,
      decideWithinMs: undefined,
      notify: false,
      index: false,
    });
    const ask = (client: string, correlationId: string) =>
      place({ request, replyTo: { client, correlationId }, trace: undefined });
    await ask('shop', 'a');
    await ask('shop', 'a');
    await ask('shop', 'b');
    await ask('shop2', 'a');
    const [first, again, ...others] = orders.map(({ id }) => id);
    expect(again).toBe(first);
    expect(new Set([first, ...others]).size).toBe(3);
  });
});

describe('the outcome', () => {
  it('is sent once the order is settled, until its receipt is recorded', async () => {
    const order = settledOrder();
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
    });
    expect(orderBusiness.pendingChannels(order)).toEqual(['response']);
    await send([{ channel: 'response', lane: 1, token, document: order }]);
    expect(topics).toEqual(['order-outcomes-shop']);
    expect(messageSchema(OUTCOME_TYPES).parse(events[0]).data).toMatchObject({
      orderId: order.id,
      token,
      correlationId: 'basket-7',
      order: { status: 'VALIDATED' },
    });

    const received = orderBusiness.apply(order, { kind: 'received', token }, 0);
    if (!('document' in received)) throw new Error('the receipt changes nothing');
    expect(orderBusiness.pendingChannels(received.document)).toEqual([]);
    expect(orderBusiness.acknowledged(received.document)).toContainEqual({ channel: 'response', token });
    expect(orderBusiness.apply(received.document, { kind: 'received', token }, 0)).toEqual({
      ignored: 'already-answered',
    });
  });

  it('is sent again to a client that has confirmed it and asks once more', async () => {
    const order: Order = { ...settledOrder(), received: token };
    const { published, status } = await deliver(data, { outcome: 'taken', order });
    expect([published[0]?.topic, status]).toEqual(['order-outcomes-shop', 'SUCCESS']);
    expect(messageSchema(OUTCOME_TYPES).parse(published[0]?.event).data).toMatchObject({ token });
  });

  it('is not waited for where nobody asked by message, and not confirmed before there is one', () => {
    const { replyTo, ...order } = settledOrder();
    expect(orderBusiness.pendingChannels(order as Order)).toEqual([]);
    expect(orderBusiness.apply(order as Order, { kind: 'received', token }, 0)).toEqual({ ignored: 'nobody-waits' });
    const pending = { ...newOrder({ ...order, now: 0 }), ...(replyTo && { replyTo }) };
    expect(orderBusiness.apply(pending, { kind: 'received', token }, 0)).toEqual({ ignored: 'not-settled' });
  });
});
