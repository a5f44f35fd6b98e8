import { type CloudEvent, entriesOf, type Message, messageSchema, OUTCOME_TYPES } from '@standing-order/contracts';
import type { Publication } from '@standing-order/dapr';
import type { OutgoingCommand } from '@standing-order/outbox';
import { describe, expect, it } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import type { Order, ReplyTo } from '../domain/order.ts';
import { commandTransport } from './command-transport.ts';
import { createTokenSigner, KEY_LENGTH } from './token-signature.ts';

const tokens = createTokenSigner([Buffer.alloc(KEY_LENGTH)]);
const BATCH = 'com.standing-order.order-outcomes-batch.v1';
const SINGLE = 'com.standing-order.order-outcome.v1';

const traceOf = (id: number) => ({ traceparent: `00-0af7651916cd43dd8448eb211c8031${id}-b7ad6b7169203331-01` });

/** The first attempt at the outcome of an order, in lane 0. */
function outcome(
  id: number,
  replyTo: Omit<ReplyTo, 'correlationId'>,
  differences: Partial<OutgoingCommand<Order>> = {},
): OutgoingCommand<Order> {
  const order = sampleOrder({ id: `01890a5d-ac96-774b-bcce-0000000000${id}`, trace: traceOf(id) });
  const document: Order = {
    ...order,
    replyTo: { ...replyTo, correlationId: `basket-${id}` },
    status: 'EXPIRED',
    settledAt: 1_000,
  };
  return { channel: 'response', lane: 0, token: { w: 'w', a: 1, t: id }, document, alone: false, ...differences };
}

/** Sends commands; lane 2 shares a partition with lane 0. */
async function send(
  commands: readonly OutgoingCommand<Order>[],
  { maxEntries = 128, accepts = (_: string): boolean => true } = {},
) {
  const sent: { topic: string; key: string | undefined; event: CloudEvent }[] = [];
  const { send } = commandTransport({
    sidecar: {
      async publish(_pubsub, topic, messages: readonly Publication[]) {
        sent.push(...messages.map(({ event, partitionKey }) => ({ topic, key: partitionKey, event })));
        return messages.map(({ event }) => accepts(event.type));
      },
    },
    pubsub: 'messages',
    clock: { wall: () => 0 },
    tokens,
    partitionKeyOf: (lane) => String(lane % 2),
    maxEntries,
  });
  const results = await send(commands);
  const ids = ({ event }: { event: CloudEvent }) =>
    (entriesOf(event) as Message<typeof SINGLE>[]).map(({ data }) => data.correlationId.slice('basket-'.length));
  return { sent, results, packed: sent.map((each) => [each.topic, ids(each).join(' ')]).toSorted() };
}

const shop = { client: 'shop', readsBatches: true } as const;

describe('outcomes that are sent together', () => {
  it('share a message if their client reads batch messages', async () => {
    const commands = [outcome(11, shop), outcome(12, shop), outcome(13, shop)];
    const { sent } = await send(commands);
    expect(sent.map(({ topic, event }) => [topic, event.type])).toEqual([['order-outcomes-shop', BATCH]]);
    const entries = entriesOf(sent[0]?.event).map((entry) => messageSchema(OUTCOME_TYPES).parse(entry));
    expect(entries).toMatchObject(
      commands.map(({ document, token }) => ({
        subject: document.id,
        ...document.trace,
        data: { token: tokens.sign(token, document.id, 'response'), correlationId: document.replyTo?.correlationId },
      })),
    );
  });

  it('are messages of their own for a client whose requests do not announce that it reads batch messages', async () => {
    const { sent, packed } = await send([outcome(11, { client: 'shop' }), outcome(12, { client: 'shop' })]);
    expect(sent.map(({ event }) => event.type)).toEqual([SINGLE, SINGLE]);
    expect(packed).toEqual([
      ['order-outcomes-shop', '11'],
      ['order-outcomes-shop', '12'],
    ]);
  });

  it('are packed by client and partition key, and each request of a client decides for its own outcome', async () => {
    const kiosk = { client: 'kiosk', readsBatches: true } as const;
    const { sent, packed } = await send([
      outcome(11, shop),
      outcome(12, { client: 'shop' }),
      outcome(13, kiosk),
      outcome(14, shop, { lane: 1 }),
      outcome(15, shop, { lane: 2 }),
      outcome(16, kiosk),
    ]);
    expect(packed).toEqual([
      ['order-outcomes-kiosk', '13 16'],
      ['order-outcomes-shop', '11 15'],
      ['order-outcomes-shop', '12'],
      ['order-outcomes-shop', '14'],
    ]);
    for (const { key, event } of sent) expect(event.partitionkey).toBe(key);
  });

  it('are alone when they are sent again, or when batch messages are off', async () => {
    const commands = [outcome(11, shop), outcome(12, shop, { alone: true }), outcome(13, shop)];
    expect((await send(commands)).packed.map(([, ids]) => ids)).toEqual(['11 13', '12']);
    expect((await send(commands, { maxEntries: 1 })).sent.map(({ event }) => event.type)).toEqual(
      Array(3).fill(SINGLE),
    );
  });

  it('have the result of their message', async () => {
    const commands = [outcome(11, shop), outcome(12, { client: 'shop' }), outcome(13, shop)];
    expect((await send(commands, { accepts: (type) => type === BATCH })).results).toEqual([true, false, true]);
  });
});
