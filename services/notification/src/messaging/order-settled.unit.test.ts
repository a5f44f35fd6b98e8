import { describe, expect, test } from 'vitest';
import { ENDPOINT_URL, orderId, startService } from '../../test/service-fixture.ts';

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
    expect(await logged(everything)).toEqual([one, two, three].map((id) => `settled-${id}`));
    expect(await logged(refusals)).toEqual([`settled-${two}`]);
    expect(await logged(bobs)).toEqual([`settled-${three}`]);
    const replies = [one, two, three].map((subject) => ({ topic: 'order-replies', subject }));
    expect(new Set(published.slice(0, 3))).toEqual(new Set(replies));
    expect(new Set(woken)).toEqual(new Set([everything, refusals, bobs]));
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
