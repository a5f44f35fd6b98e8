import { describe, expect, test } from 'vitest';
import { ENDPOINT_URL, eventOf, orderId, startService } from '../../test/service-fixture.ts';
import { eventLogKey } from '../delivery/storage/logs.ts';
import type { WebhookEvent } from '../domain/event.ts';

describe('a decided order', () => {
  test('is appended once to the log of each subscribed endpoint before settlement-noted is sent', async () => {
    const { send, decide, logged, published, woken } = startService();
    const register = async (more: object) =>
      (await send('POST', '/webhooks', { url: ENDPOINT_URL, ...more })).body.id as string;
    const everything = await register({});
    const refusals = await register({ events: ['order.rejected'] });
    const bobs = await register({ consumerId: 'bob' });
    const [one, two, three] = [orderId(), orderId(), orderId()];
    const orders = [{ id: one }, { id: two, status: 'REJECTED' }, { id: three, consumerId: 'bob' }];
    expect(await decide(...orders)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(await decide(...orders)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(await logged(everything)).toEqual([one, two, three].map((id) => eventOf(id)));
    expect(await logged(refusals)).toEqual([eventOf(two)]);
    expect(await logged(bobs)).toEqual([eventOf(three)]);
    const replies = [one, two, three].map((subject) => ({ topic: 'order-replies', subject }));
    expect(new Set(published.slice(0, 3))).toEqual(new Set(replies));
    expect(new Set(woken)).toEqual(new Set([everything, refusals, bobs]));
  });

  test('has an event of its own when its id is that of an expired order, and a repetition of either event has none', async () => {
    const { send, decide, logged, published } = startService();
    const endpoint = (await send('POST', '/webhooks', { url: ENDPOINT_URL })).body.id as string;
    const id = orderId();
    const [old, reused] = [
      { id, decidedAt: 1_000 },
      { id, decidedAt: 2_000 },
    ];
    for (const orders of [[old], [reused], [reused, old], [reused]]) await decide(...orders);
    expect(await logged(endpoint)).toEqual([eventOf(id, 1_000), eventOf(id, 2_000)]);
    expect(published).toHaveLength(5);
  });

  test('is not appended again when an earlier version has logged its event under the order id alone', async () => {
    const { send, decide, logged, logs } = startService();
    const endpoint = (await send('POST', '/webhooks', { url: ENDPOINT_URL })).body.id as string;
    const id = orderId();
    const entry: WebhookEvent = {
      id: `settled-${id}`,
      type: 'order.validated',
      timestamp: new Date(1_000).toISOString(),
      data: { orderId: id, consumerId: 'ada', status: 'VALIDATED', reasons: [] },
    };
    await logs.events.append([{ name: eventLogKey(endpoint), entries: [entry] }]);
    expect(await decide({ id, decidedAt: 1_000 })).toEqual(['SUCCESS']);
    expect(await logged(endpoint)).toEqual([entry.id]);
    await decide({ id, decidedAt: 2_000 });
    expect(await logged(endpoint)).toEqual([entry.id, eventOf(id, 2_000)]);
  });

  test('is confirmed with settlement-noted when no endpoint is subscribed to it', async () => {
    const { decide, published } = startService();
    const id = orderId();
    expect(await decide({ id })).toEqual(['SUCCESS']);
    expect(published).toEqual([{ topic: 'order-replies', subject: id }]);
  });

  test('is redelivered when a log cannot be written or the broker rejects settlement-noted', async () => {
    const { send, decide, store, published, breakBroker } = startService();
    await send('POST', '/webhooks', { url: ENDPOINT_URL });
    store.acceptsWrite = (key) => !key.startsWith('events:');
    expect(await decide({ id: orderId() })).toEqual(['RETRY']);
    expect(published).toEqual([]);
    store.acceptsWrite = () => true;
    breakBroker();
    expect(await decide({ id: orderId() })).toEqual(['RETRY']);
  });
});
