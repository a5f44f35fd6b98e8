import { createBatch, entryOf, type Message, type MessageType, messageSchema, TOPICS } from '@standing-order/contracts';
import { createEvent, type DeadLetter, type Publication } from '@standing-order/dapr';
import type { Token } from '@standing-order/outbox';
import { createApp } from '@standing-order/service-kit/http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../domain/decide.ts';
import { newOrder, type Order } from '../domain/order.ts';
import { commandTransport } from '../outbox/command-transport.ts';
import { orderDocumentHandler } from '../outbox/document-handler.ts';
import { createTokenSigner, KEY_LENGTH, type TokenSigner } from '../outbox/token-signature.ts';
import { REFUSALS, subscribeToReplies } from './replies.ts';

const tokens = createTokenSigner([Buffer.alloc(KEY_LENGTH, 1)]);
const foreignTokens = createTokenSigner([Buffer.alloc(KEY_LENGTH, 2)]);
const IDS = [1, 2, 3].map((number) => `01890a5d-ac96-774b-bcce-00000000000${number}`);
/** A writer with the longest mark. */
const writer = `${'k'.repeat(24)}~${(2 ** 32 - 1).toString(36)}`;
const EUR = 'EUR';

/** An order that waits for a confirmation on every channel of messages once it is decided. */
const orderOf = (id: string): Order => ({
  ...newOrder({
    id,
    nonce: 'n',
    fingerprint: '1:x',
    client: 'channel:shop',
    request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 2 }] },
    now: 0,
    notify: true,
  }),
  replyTo: { client: 'shop', correlationId: id },
});

type CommandMessage = Message & { readonly data: { readonly orderId: string; readonly token: Token } };
const anyMessage = messageSchema([
  ...TOPICS['consumer-commands'].types,
  ...TOPICS['restaurant-commands'].types,
  ...TOPICS['order-settled'].types,
  'com.standing-order.order-outcome.v1',
]);

/** The commands of an order as its receivers parse them. */
async function commandsOf(order: Order, attempt: number): Promise<readonly CommandMessage[]> {
  const published: Publication[] = [];
  const transport = commandTransport({
    sidecar: {
      async publish(_pubsub, _topic, messages) {
        published.push(...messages);
        return messages.map(() => true);
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 0 },
    tokens,
    partitionKeyOf: String,
    maxEntries: 128,
  });
  const pending = orderDocumentHandler.pendingChannels(order);
  const token = { w: writer, a: attempt, t: attempt / 7 };
  await transport.send(pending.map((channel) => ({ channel, lane: 0, token, document: order, alone: false })));
  return published.map(({ event }) => anyMessage.parse(event) as CommandMessage);
}

const REPLIES = {
  'com.standing-order.validate-consumer-info.v1': 'com.standing-order.consumer-validated.v1',
  'com.standing-order.validate-order-details.v1': 'com.standing-order.order-details-validated.v1',
  'com.standing-order.order-outcome.v1': 'com.standing-order.outcome-received.v1',
  'com.standing-order.order-settled.v1': 'com.standing-order.settlement-noted.v1',
} as const satisfies Partial<Record<MessageType, MessageType>>;
type ReplyType = (typeof REPLIES)[keyof typeof REPLIES];
const REPLY_TYPES = Object.values(REPLIES);

const contentOf = (type: ReplyType, price: number, quantity = 2): object => {
  switch (type) {
    case 'com.standing-order.consumer-validated.v1':
      return { orderLimit: { amount: 10_000, currency: EUR } };
    case 'com.standing-order.order-details-validated.v1': {
      const amount = price * quantity;
      const line = { itemId: 'pizza', name: 'Pizza', quantity, unitPrice: price, amount };
      return { lines: [line], total: { amount, currency: EUR } };
    }
    default:
      return {};
  }
};

interface Reply {
  readonly type: ReplyType;
  readonly orderId: string;
  readonly token: Token;
  readonly content: object;
}

const eventOf = ({ type, orderId, token, content }: Reply, id: string) =>
  createEvent({
    id,
    source: '/client/mallory',
    type,
    subject: orderId,
    time: 0,
    trace: undefined,
    data: { orderId, token, ...content },
  });

const genuineReply = ({ type, data: { orderId, token } }: CommandMessage): Reply => {
  const reply = REPLIES[type as keyof typeof REPLIES];
  return { type: reply, orderId, token, content: contentOf(reply, 900) };
};

/** Replies that an adversary makes of a genuine one, with the reason of their dead letters. */
const FORGERIES = {
  'a token of its own': (reply: Reply) => [{ ...reply, token: { w: 'mallory', a: 1, t: 0 } }, 'unsigned'],
  'a signature of its own': (reply: Reply) => [
    { ...reply, token: foreignTokens.sign(reply.token, reply.orderId, 'details') },
    'forged',
  ],
  'no signature': (reply: Reply) => [{ ...reply, token: { ...reply.token, w: writer } }, 'unsigned'],
  'another order': (reply: Reply) => [
    { ...reply, orderId: IDS[(IDS.indexOf(reply.orderId) + 1) % IDS.length] as string },
    'forged',
  ],
  'another channel': (reply: Reply) => {
    const type = REPLY_TYPES[(REPLY_TYPES.indexOf(reply.type) + 1) % REPLY_TYPES.length] as ReplyType;
    return [{ ...reply, type, content: contentOf(type, 0) }, 'forged'];
  },
  'another attempt': (reply: Reply) => [{ ...reply, token: { ...reply.token, a: reply.token.a + 1 } }, 'forged'],
  'another time': (reply: Reply) => [{ ...reply, token: { ...reply.token, t: reply.token.t + 1 } }, 'forged'],
  'another writer': (reply: Reply) => [{ ...reply, token: { ...reply.token, w: `x${reply.token.w}` } }, 'forged'],
} as const satisfies Record<string, (reply: Reply) => readonly [Reply, keyof typeof REFUSALS]>;

/** The reply handler with the real decision over a map of orders. */
function handlerOver(orders: Map<string, Order>, verifier: Pick<TokenSigner, 'verify'> = tokens) {
  const dead: DeadLetter[] = [];
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  subscribeToReplies(app, {
    sidecar: {
      async publish(_pubsub, _topic, messages) {
        dead.push(...messages.map(({ event }) => event.data as DeadLetter));
        return messages.map(() => true);
      },
    },
    pubsub: 'messages',
    tokens: verifier,
    record: async (replies) =>
      replies.map(({ id, reply }) => {
        const decision = decide(orders.get(id) as Order, reply, 1);
        if ('ignored' in decision) return decision;
        orders.set(id, decision.document);
        return { recorded: true, document: decision.document };
      }),
  });
  /** @param batched whether one batch message carries all replies */
  async function deliver(replies: readonly Reply[], batched = false): Promise<readonly string[]> {
    const events = replies.map((reply, index) => eventOf(reply, `e${index}`));
    const [first] = events;
    const messages = batched && first ? [createBatch(BATCH, first, events.map(entryOf))] : events;
    const entries = messages.map((event, index) => ({ entryId: `${index}`, event }));
    const response = await app.request('/messages/order-replies', {
      method: 'POST',
      body: JSON.stringify({ type: 'com.dapr.event.sent.bulk', entries }),
    });
    const { statuses } = (await response.json()) as { statuses: { status: string }[] };
    return statuses.map(({ status }) => status);
  }
  return { dead, deliver };
}

const BATCH = 'com.standing-order.order-replies-batch.v1';

const step = fc.record({
  order: fc.constantFrom(...IDS),
  command: fc.nat({ max: 3 }),
  forgery: fc.option(fc.constantFrom(...(Object.keys(FORGERIES) as (keyof typeof FORGERIES)[]))),
});
const deliveries = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 12 });

test.each([
  ['in a delivery', false],
  ['in a batch message', true],
])(
  '%s, forged and replayed replies change no order, become dead letters, and do not affect the genuine ones',
  async (_, batched) => {
    await fc.assert(
      fc.asyncProperty(deliveries, async (plan) => {
        const attacked = new Map(IDS.map((id) => [id, orderOf(id)]));
        const undisturbed = new Map(attacked);
        const handler = handlerOver(attacked);
        const reference = handlerOver(undisturbed);
        for (const [attempt, steps] of plan.entries()) {
          const batch: { readonly reply: Reply; readonly reason?: keyof typeof REFUSALS }[] = [];
          for (const { order, command, forgery } of steps) {
            const commands = await commandsOf(attacked.get(order) as Order, attempt + 1);
            const sent = commands[command % Math.max(1, commands.length)];
            if (sent === undefined) continue;
            const [reply, reason] = forgery ? FORGERIES[forgery](genuineReply(sent)) : [genuineReply(sent)];
            batch.push({ reply, ...(reason && { reason }) });
          }
          const before = handler.dead.length;
          const statuses = await handler.deliver(
            batch.map(({ reply }) => reply),
            batched,
          );
          expect(new Set(statuses)).toEqual(new Set(batch.slice(0, 1).map(() => 'SUCCESS')));
          await reference.deliver(batch.flatMap(({ reply, reason }) => (reason ? [] : [reply])));

          const forged = batch.flatMap(({ reason }) => (reason ? [REFUSALS[reason]] : []));
          expect(handler.dead.slice(before).map(({ reason }) => reason)).toEqual(forged);
          expect([...attacked]).toEqual([...undisturbed]);
        }
        expect(reference.dead).toEqual([]);
        for (const order of attacked.values()) {
          for (const { token } of orderDocumentHandler.acknowledged(order)) expect(token.w).toBe(writer);
        }
      }),
    );
  },
);

test('a genuine reply with the prices of another order is a dead letter, and the order waits for the right ones', async () => {
  const [id] = IDS as [string];
  const orders = new Map([[id, orderOf(id)]]);
  const { deliver, dead } = handlerOver(orders);
  const replies = (await commandsOf(orderOf(id), 1)).map(genuineReply);
  const [consumer, details] = replies as [Reply, Reply];
  const altered = { ...details, content: contentOf(details.type, 0, 1) };
  expect(await deliver([consumer, altered])).toEqual(['SUCCESS', 'SUCCESS']);
  expect(dead.map(({ reason }) => reason)).toEqual([REFUSALS['not-as-ordered']]);
  expect(orders.get(id)?.status).toBe('PENDING');
  await deliver([details]);
  expect(orders.get(id)).toMatchObject({ status: 'VALIDATED', answers: { details: { total: { amount: 1_800 } } } });
});

test('during an upgrade, replies to unsigned commands can be accepted, and false signatures stay refused', async () => {
  const [id] = IDS as [string];
  const orders = new Map([[id, orderOf(id)]]);
  const lenient = createTokenSigner([Buffer.alloc(KEY_LENGTH, 1)], { required: false });
  const { deliver, dead } = handlerOver(orders, lenient);
  const [consumer, details] = (await commandsOf(orderOf(id), 1)).map(genuineReply) as [Reply, Reply];
  const [unsigned] = FORGERIES['no signature'](consumer);
  const [forged] = FORGERIES['a signature of its own'](details);
  await deliver([unsigned, forged]);
  expect(dead.map(({ reason }) => reason)).toEqual([REFUSALS.forged]);
  expect(Object.keys(orders.get(id)?.answers ?? {})).toEqual(['consumer']);
});
