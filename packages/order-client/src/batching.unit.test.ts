import { type CloudEvent, entriesOf, messageSchema, TOPICS } from '@standing-order/contracts';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, it } from 'vitest';
import { order, pollAgain, settled, start } from '../test/client-fixture.ts';

const REQUESTS = 'order-requests';
const CONFIRMATIONS = 'order-confirmations';

const idsIn = (messages: readonly CloudEvent[]) =>
  messages.map((message) => entriesOf(message).map((entry) => (entry as CloudEvent).subject));

describe('requests', () => {
  /** A client whose first publish is in progress until `respond`. */
  function startWithSlowBroker() {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { ...start(createMemoryStore(), { response: () => promise }), respond: resolve };
  }

  it('that arrive during a publish share the next message, and a lone one is sent at once as it is', async () => {
    const { client, messagesTo, placed, respond } = startWithSlowBroker();
    const first = client.submit(order, 'first');
    await placed(1);
    const others = ['b', 'c', 'd'].map((id) => client.submit(order, id));
    for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
    expect(messagesTo(REQUESTS)).toMatchObject([{ type: 'com.standing-order.create-order.v1' }]);
    respond();
    await Promise.all([first, ...others]);
    await placed(4);
    const [, batch] = messagesTo(REQUESTS);
    expect(batch?.type).toBe('com.standing-order.order-requests-batch.v1');
    expect(idsIn(messagesTo(REQUESTS))).toEqual([['first'], ['b', 'c', 'd']]);
    const schema = messageSchema(TOPICS[REQUESTS].types);
    for (const entry of entriesOf(batch)) expect(schema.safeParse(entry).error).toBeUndefined();
  });

  it('are repeated in messages of their own', async () => {
    const { client, clock, messagesTo, placed } = start(createMemoryStore());
    await Promise.all(['a', 'b', 'c'].map((id) => client.submit(order, id)));
    await placed(3);
    const before = messagesTo(REQUESTS).length;
    await pollAgain(clock);
    await pollAgain(clock);
    await placed(6);
    expect(idsIn(messagesTo(REQUESTS).slice(before))).toEqual([['a'], ['b'], ['c']]);
  });
});

describe('confirmations', () => {
  it('of outcomes that arrive together share a message, and that of a repeated outcome is alone', async () => {
    const { deliver, messagesTo, sentTo } = start(createMemoryStore());
    await deliver(settled('a'), settled('b'), settled('c', 'EXPIRED', 2));
    expect(messagesTo(CONFIRMATIONS).map(({ type }) => type)).toEqual([
      'com.standing-order.order-confirmations-batch.v1',
      'com.standing-order.outcome-received.v1',
    ]);
    const schema = messageSchema(TOPICS[CONFIRMATIONS].types);
    for (const entry of sentTo(CONFIRMATIONS)) expect(schema.safeParse(entry).error).toBeUndefined();
    expect(sentTo(CONFIRMATIONS)).toHaveLength(3);
  });

  it('of outcomes that are delivered while others are handled share a message', async () => {
    const { deliver, messagesTo } = start(createMemoryStore());
    const statuses = await Promise.all(['a', 'b', 'c'].map((id) => deliver(settled(id))));
    expect(statuses).toEqual([['SUCCESS'], ['SUCCESS'], ['SUCCESS']]);
    expect(idsIn(messagesTo(CONFIRMATIONS)).map(({ length }) => length)).toEqual([1, 2]);
  });
});
