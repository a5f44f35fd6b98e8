import { createManualClock } from '@standing-order/testing/manual-clock';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, it, vi } from 'vitest';
import { event, listIn, makeUnreadable, order, pollAgain, settled, start, view } from '../test/client-fixture.ts';
import { ClosedError } from './request-sender.ts';
import { UnknownRequestError } from './requests.ts';

describe('a submitted order', () => {
  it('is stored when its id is returned, and is sent until its outcome arrives', async () => {
    const store = createMemoryStore();
    const { client, clock, deliver, requests } = start(store);
    expect(await client.submit(order, 'one')).toBe('one');
    expect(store.entries.get('order-request:shop:one')?.value).toMatchObject({ id: 'one', order });
    expect(requests()).toHaveLength(1);
    await vi.waitUntil(() => {
      clock.advance(1_000);
      return requests().length > 1;
    });
    await deliver(settled('one'));
    expect(await client.outcome('one')).toMatchObject({ kind: 'settled' });
  });

  it('is sent within two seconds after the broker returns, however long the broker refused it', async () => {
    let isUp = false;
    const takes = () => isUp;
    const { client, clock, requests } = start(createMemoryStore(), { takes });
    await client.submit(order, 'one');
    for (let seconds = 0; seconds < 60; seconds++) await pollAgain(clock);
    isUp = true;
    const refused = requests().length;
    await pollAgain(clock);
    await pollAgain(clock);
    expect(requests().length).toBeGreaterThan(refused);
  });

  it('is sent in a small batch with others while the broker refuses all of them, and then with all', async () => {
    let isUp = false;
    const takes = () => isUp;
    const { client, clock, placed, requests } = start(createMemoryStore(), { takes });
    const ids = Array.from({ length: 200 }, (_, i) => `r${i}`);
    await Promise.all(ids.map((id) => client.submit(order, id)));
    await placed(200);
    const submitted = requests().length;
    await pollAgain(clock);
    expect(requests().length - submitted).toBe(64);
    isUp = true;
    const refused = requests().length;
    await pollAgain(clock);
    expect(
      new Set(
        requests()
          .slice(refused)
          .map(({ subject }) => subject),
      ).size,
    ).toBe(200);
  });

  it('is not sent after the client was closed during the small batch', async () => {
    let onTaken: (() => void) | undefined;
    const takes = () => {
      onTaken?.();
      return onTaken !== undefined;
    };
    const { client, clock, placed, requests } = start(createMemoryStore(), { takes });
    await Promise.all(Array.from({ length: 200 }, (_, i) => client.submit(order, `r${i}`)));
    await placed(200);
    await pollAgain(clock);
    const refused = requests().length;
    onTaken = () => void client.close();
    await pollAgain(clock);
    expect(requests().length - refused).toBe(64);
  });

  it('is not accepted while the state store does not confirm it', async () => {
    const store = createMemoryStore();
    store.down = true;
    await expect(start(store).client.submit(order, 'one')).rejects.toThrow();
  });
});

describe('an outcome', () => {
  it('is redelivered when it could not be stored or confirmed', async () => {
    const store = createMemoryStore();
    const { client, deliver, placed } = start(store, { takes: ({ event }) => !event.type.includes('received') });
    const outcome = client.place(order, 'one');
    await placed(1);
    store.down = true;
    expect(await deliver(settled('one'))).toEqual(['RETRY']);
    store.down = false;
    expect(await deliver(settled('one'))).toEqual(['RETRY']);
    expect(await outcome).toEqual({ kind: 'settled', order: view });
  });

  it('of a removed request is confirmed, so that it is not redelivered forever', async () => {
    const { client, deliver, placed, sentTo } = start(createMemoryStore());
    client.place(order, 'one').catch(() => {});
    await placed(1);
    expect(await client.remove('one')).toBe(true);
    expect(await deliver(settled('one'))).toEqual(['SUCCESS']);
    expect(sentTo('order-confirmations')).toHaveLength(1);
    await expect(client.outcome('one')).rejects.toThrow(UnknownRequestError);
  });
});

it('publishes an unreadable message to the dead-letter topic, within the size limit of a broker', async () => {
  const { deliver, sentTo } = start(createMemoryStore());
  const refusal = { correlationId: 'one', detail: 'no', errors: Array.from({ length: 12_000 }, () => ({})) };
  expect(await deliver(event('com.standing-order.order-request-refused.v1', refusal))).toEqual(['SUCCESS']);
  expect(JSON.stringify(sentTo('order-outcomes-shop-dead')[0]).length).toBeLessThan(200_000);
});

describe('a request that is removed before its outcome', () => {
  it('is no longer sent or pending, and its callers get an UnknownRequestError, on each replica', async () => {
    const store = createMemoryStore();
    const [here, there] = [start(store), start(store)];
    const waiting = here.client.place(order, 'one');
    await here.placed(1);
    const elsewhere = there.client.outcome('one');
    await there.placed(1);
    const rejections = [waiting, elsewhere].map((each) => expect(each).rejects.toThrow(UnknownRequestError));
    expect(await here.client.remove('one')).toBe(true);
    expect(listIn(store)).toEqual({});
    there.clock.advance(1_000);
    await Promise.all(rejections);
    for (const { clock, requests } of [here, there]) {
      clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
      expect(requests()).toHaveLength(1);
    }
  });
});

describe('a request that cannot be read', () => {
  it('stays pending, and does not keep others from being sent', async () => {
    const store = createMemoryStore();
    const { client, clock, deliver, placed, requests } = start(store);
    const waiting = client.place(order, 'bad');
    void client.submit(order, 'good');
    await placed(2);
    const restore = await makeUnreadable(store, 'bad');
    await pollAgain(clock);
    await pollAgain(clock);
    expect(
      requests()
        .slice(2)
        .map(({ subject }) => subject),
    ).toContain('good');
    await expect(client.outcome('bad')).rejects.toThrow('cannot read');
    await restore();
    await deliver(settled('bad'));
    expect(await waiting).toEqual({ kind: 'settled', order: view });
  });

  it('does not keep others from being resumed, and stays listed', async () => {
    const store = createMemoryStore();
    const before = start(store);
    for (const id of ['bad', 'good']) await before.client.submit(order, id);
    before.client.close();
    await makeUnreadable(store, 'bad');
    const clock = createManualClock();
    clock.advance(3_600_000);
    expect(await start(store, { clock }).client.resume()).toEqual(['good']);
    expect(Object.keys(listIn(store)).toSorted()).toEqual(['bad', 'good']);
  });
});

describe('a restart', () => {
  it('sends pending requests again and keeps outcomes that arrived before it', async () => {
    const store = createMemoryStore();
    const before = start(store);
    const outcomes = ['one', 'two'].map((id) => before.client.place(order, id));
    await before.placed(2);
    await before.deliver(settled('two'));
    before.client.close();
    await expect(outcomes[0]).rejects.toThrow(ClosedError);

    const after = start(store);
    expect(await after.client.resume()).toEqual(['one']);
    await after.placed(1);
    const outcome = after.client.outcome('one');
    await after.deliver(settled('one'));
    expect(await outcome).toEqual({ kind: 'settled', order: view });
    expect(await after.client.outcome('two')).toEqual({ kind: 'settled', order: view });
    expect(await start(store).client.resume()).toEqual([]);
  });
});
