import { poll } from '@standing-order/testing/poll';
import { describe, expect, test } from 'vitest';
import { call, get, type HttpResponse, post } from '../support/client.ts';
import { CONSUMER, GOOD_ORDER, type PlatformFixture, RESTAURANT, usePlatform } from '../support/platform-fixture.ts';
import { messagesOn } from '../support/redis.ts';

/** Places an order and waits for the decision. */
async function decide({ platform }: PlatformFixture, request: unknown): Promise<HttpResponse['body']> {
  const orders = `${platform.urls.order[0]}/orders`;
  const { status, headers, body } = await post(orders, request);
  expect(status).toBe(202);
  expect(headers.location).toBe(`/orders/${body.id}`);
  expect(body.status).toBe('PENDING');
  const answer = await poll(
    'the decision',
    () => get(`${orders}/${body.id}`),
    (seen) => seen.body.status !== 'PENDING',
  );
  return answer.body;
}

/** Changes a consumer or a restaurant at its current version. */
async function change(url: string, patch: unknown): Promise<HttpResponse> {
  const { headers } = await get(url);
  return call('PATCH', url, patch, { 'if-match': String(headers.etag) });
}

const codes = (order: HttpResponse['body']) => order.reasons.map(({ code }: { code: string }) => code).toSorted();

describe('the decision of an order', () => {
  const fixture = usePlatform(() => ({ replicas: { order: 1 } }));
  const consumer = () => `${fixture().platform.urls.consumer[0]}/consumers/${CONSUMER}`;
  const restaurant = () => `${fixture().platform.urls.restaurant[0]}/restaurants/${RESTAURANT}`;

  test('is VALIDATED at the menu’s prices, and later price changes do not affect it', async () => {
    const order = await decide(fixture(), GOOD_ORDER);
    expect(order).toMatchObject({
      status: 'VALIDATED',
      lines: [{ itemId: 'margherita', quantity: 2, unitPrice: 950, amount: 1_900 }],
      total: { amount: 1_900, currency: 'EUR' },
      reasons: [],
    });

    const menu = [{ id: 'margherita', name: 'Margherita', price: 1_050 }];
    expect((await change(restaurant(), { menu })).status).toBe(200);
    expect((await get(`${fixture().platform.urls.order[0]}/orders/${order.id}`)).body).toEqual(order);
    expect((await decide(fixture(), GOOD_ORDER)).total.amount).toBe(2_100);
  });

  test('is REJECTED when the total is above the consumer’s limit', async () => {
    const order = await decide(fixture(), { ...GOOD_ORDER, lines: [{ itemId: 'margherita', quantity: 1_000 }] });
    expect(order.status).toBe('REJECTED');
    expect(codes(order)).toEqual(['ORDER_LIMIT_EXCEEDED']);
  });

  test('is REJECTED for an unknown consumer and restaurant, with both reasons', async () => {
    const order = await decide(fixture(), { ...GOOD_ORDER, consumerId: 'nobody', restaurantId: 'nowhere' });
    expect(order.status).toBe('REJECTED');
    expect(codes(order)).toEqual(['CONSUMER_NOT_FOUND', 'RESTAURANT_NOT_FOUND']);
  });

  test('is REJECTED with every reason of both services', async () => {
    expect((await change(consumer(), { active: false })).status).toBe(200);
    const menu = [{ id: 'margherita', name: 'Margherita', price: 1_050, available: false }];
    expect((await change(restaurant(), { open: false, menu })).status).toBe(200);
    const lines = [
      { itemId: 'margherita', quantity: 1 },
      { itemId: 'calzone', quantity: 1 },
    ];
    const order = await decide(fixture(), { ...GOOD_ORDER, lines });
    expect(codes(order)).toEqual(['CONSUMER_INACTIVE', 'ITEM_NOT_ON_MENU', 'ITEM_UNAVAILABLE', 'RESTAURANT_CLOSED']);
  });

  test('ignores changes with a stale version', async () => {
    const known = await get(consumer());
    expect((await call('PATCH', consumer(), { active: true })).status).toBe(428);
    expect((await call('PATCH', consumer(), { active: true }, { 'if-match': '"0"' })).status).toBe(412);
    expect((await get(consumer())).body).toEqual(known.body);
    const again = await post(`${fixture().platform.urls.consumer[0]}/consumers`, known.body);
    expect(again.status).toBe(409);
  });
});

describe('an order with a deadline', () => {
  const fixture = usePlatform(() => ({ replicas: { order: 1 }, env: { order: { ORDER_DEADLINE_SECONDS: '2' } } }));

  test('is EXPIRED at its deadline, and a late verdict is ignored', async () => {
    const { platform, broker } = fixture();
    await platform.pause('consumer-1');
    const expired = await decide(fixture(), GOOD_ORDER);
    expect(expired.status).toBe('EXPIRED');

    await platform.resume('consumer-1');
    await poll(
      'the late answer, handled',
      async () => {
        const types = (await messagesOn(broker, 'order-replies')).map(({ event }) => String(event.type));
        const [group] = await broker.xInfoGroups('order-replies');
        return { late: types.some((type) => type.includes('consumer')), lag: group?.lag, pending: group?.pending };
      },
      ({ late, lag, pending }) => late && Number(lag) === 0 && Number(pending) === 0,
      60_000,
    );
    expect((await get(`${platform.urls.order[0]}/orders/${expired.id}`)).body).toEqual(expired);
  });
});
