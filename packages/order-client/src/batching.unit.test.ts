import { type CloudEvent, createBatch, entriesOf, entryOf, messageSchema, TOPICS } from '@standing-order/contracts';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, it } from 'vitest';
import { makeUnreadable, order, pollAgain, settled, start, view } from '../test/client-fixture.ts';

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

  it('announce that the client reads batch messages of outcomes, each time that they are sent', async () => {
    const { client, clock, placed, requests } = start(createMemoryStore());
    await client.submit(order, 'a');
    await pollAgain(clock);
    await pollAgain(clock);
    await placed(2);
    expect(requests()).toMatchObject([{ data: { readsBatches: true } }, { data: { readsBatches: true } }]);
  });
});

describe('a batch message of outcomes', () => {
  const idOf = (name: string) => `01890a5d-ac96-774b-bcce-00000000000${name}`;
  const traceOf = (name: string) => `00-0af7651916cd43dd8448eb211c8031c${name}-b7ad6b7169203331-00`;
  function outcomeOf(name: string): CloudEvent {
    const { data, ...event } = settled(name);
    const own = { orderId: idOf(name), order: { ...view, id: idOf(name) } };
    return {
      ...event,
      id: `${name}-response-w-1`,
      subject: idOf(name),
      traceparent: traceOf(name),
      partitionkey: '0',
      data: { ...(data as object), ...own },
    };
  }
  function batchOf(...events: readonly CloudEvent[]) {
    const [first] = events;
    if (first === undefined) throw new Error('a batch without entries');
    return createBatch('com.standing-order.order-outcomes-batch.v1', first, events.map(entryOf));
  }

  it('gives each request its outcome, and is confirmed by one message with each outcome in its own trace', async () => {
    const { client, deliver, messagesTo, placed, sentTo } = start(createMemoryStore());
    const names = ['a', 'b', 'c'];
    const outcomes = names.map((name) => client.place(order, name));
    await placed(3);
    expect(await deliver(batchOf(...names.map(outcomeOf)))).toEqual(['SUCCESS']);
    expect(await Promise.all(outcomes)).toEqual(
      names.map((name) => ({ kind: 'settled', order: { ...view, id: idOf(name) } })),
    );
    expect(messagesTo(CONFIRMATIONS)).toMatchObject([
      { type: 'com.standing-order.order-confirmations-batch.v1', partitionkey: '0' },
    ]);
    expect(sentTo(CONFIRMATIONS)).toMatchObject(
      names.map((name) => ({ subject: idOf(name), traceparent: traceOf(name), data: { orderId: idOf(name) } })),
    );
  });

  it('changes nothing when it is delivered again, and is confirmed again', async () => {
    const { client, deliver, placed, sentTo } = start(createMemoryStore());
    for (const name of ['a', 'b']) void client.place(order, name);
    await placed(2);
    await deliver(batchOf(outcomeOf('a'), outcomeOf('b')));
    const [before, after] = [outcomeOf('a'), outcomeOf('b')].map((event) => ({
      ...event,
      data: { ...(event.data as object), order: { ...view, status: 'VALIDATED' } },
    })) as [CloudEvent, CloudEvent];
    expect(await deliver(batchOf(before, after))).toEqual(['SUCCESS']);
    expect(await client.outcome('a')).toMatchObject({ order: { status: view.status } });
    expect(sentTo(CONFIRMATIONS)).toHaveLength(4);
  });

  it('with an unreadable entry: it becomes a dead letter, and the others count', async () => {
    const { client, deliver, placed, sentTo } = start(createMemoryStore());
    const outcomes = ['a', 'c'].map((name) => client.place(order, name));
    await placed(2);
    const bad = { ...outcomeOf('b'), data: { orderId: idOf('b'), correlationId: 'b' } };
    expect(await deliver(batchOf(outcomeOf('a'), bad, outcomeOf('c')))).toEqual(['SUCCESS']);
    expect(await Promise.all(outcomes)).toMatchObject([{ kind: 'settled' }, { kind: 'settled' }]);
    expect(sentTo(CONFIRMATIONS).map(({ subject }) => subject)).toEqual([idOf('a'), idOf('c')]);
    expect(sentTo('order-outcomes-shop-dead')).toMatchObject([
      { subject: idOf('b'), data: { original: { id: 'b-response-w-1' } } },
    ]);
  });

  it('is delivered again when none of its outcomes could be stored', async () => {
    const store = createMemoryStore();
    const { client, deliver, placed } = start(store);
    for (const name of ['a', 'b']) client.place(order, name).catch(() => {});
    await placed(2);
    store.down = true;
    expect(await deliver(batchOf(outcomeOf('a'), outcomeOf('b')))).toEqual(['RETRY']);
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

  it('are sent for all outcomes that gather, except for that of a request that cannot be read', async () => {
    const store = createMemoryStore();
    const { client, deliver, placed, sentTo } = start(store);
    const [, , good] = ['first', 'bad', 'good'].map((id) => {
      const outcome = client.place(order, id);
      outcome.catch(() => {});
      return outcome;
    });
    await placed(3);
    await makeUnreadable(store, 'bad');
    const statuses = await Promise.all(['first', 'bad', 'good'].map((id) => deliver(settled(id))));
    expect(statuses).toEqual([['SUCCESS'], ['RETRY'], ['SUCCESS']]);
    expect(await good).toMatchObject({ kind: 'settled' });
    expect(sentTo(CONFIRMATIONS)).toHaveLength(2);
    expect(await deliver(settled('bad'), settled('good'))).toEqual(['RETRY', 'SUCCESS']);
  });

  it('of outcomes that are delivered while others are handled share a message', async () => {
    const { deliver, messagesTo } = start(createMemoryStore());
    const statuses = await Promise.all(['a', 'b', 'c'].map((id) => deliver(settled(id))));
    expect(statuses).toEqual([['SUCCESS'], ['SUCCESS'], ['SUCCESS']]);
    expect(idsIn(messagesTo(CONFIRMATIONS)).map(({ length }) => length)).toEqual([1, 2]);
  });
});
