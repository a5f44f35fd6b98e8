import { ordersPage, problem } from '@standing-order/contracts';
import { AWKWARD_CONSUMER_IDS } from '@standing-order/testing/consumer-ids';
import { describe, expect, it } from 'vitest';
import { rejected, serviceInMemory, validRequest } from '../../test/service-in-memory.ts';

async function withOrders(count: number) {
  const service = serviceInMemory();
  for (let n = 0; n < count; n++) await service.post(validRequest);
  return { ...service, ids: [...service.stored.keys()] };
}

describe('GET /consumers/{id}/orders', () => {
  it("returns the current state of a consumer's orders, newest first", async () => {
    const { app, stored, ids } = await withOrders(3);
    const [first] = [...stored.values()];
    if (first) stored.set(first.id, rejected(first));
    const { orders, next } = ordersPage.parse(await (await app.request('/consumers/ada/orders')).json());
    expect(orders.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(orders.map(({ status }) => status)).toEqual(['PENDING', 'PENDING', 'REJECTED']);
    expect(next).toBeUndefined();
  });

  it('returns orders of each style, also of those that decide before they store', async () => {
    const { app, post } = serviceInMemory({ override: true });
    for (const style of ['respond-first', 'synchronous']) await post(validRequest, { 'order-style': style });
    const { orders } = ordersPage.parse(await (await app.request('/consumers/ada/orders')).json());
    expect(orders.map(({ status }) => status)).toEqual(['VALIDATED', 'PENDING']);
  });

  it('returns an empty list for a consumer without orders', async () => {
    const { app } = await withOrders(1);
    expect(await (await app.request('/consumers/bob/orders')).json()).toEqual({ orders: [] });
  });

  it('links each page to the next one', async () => {
    const { app, ids } = await withOrders(7);
    const seen: string[] = [];
    let next: string | undefined = '/consumers/ada/orders?limit=3';
    while (next !== undefined) {
      const response: Response = await app.request(next);
      const page = ordersPage.parse(await response.json());
      seen.push(...page.orders.map(({ id }) => id));
      next = page.next;
      expect(response.headers.get('link')).toBe(next === undefined ? null : `<${next}>; rel="next"`);
    }
    expect(seen).toEqual(ids.toReversed());
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['before=-1', 'before'],
    ['before=', 'before'],
    ['before=99999999999999999999', 'before'],
  ])('names the query parameter that it refuses: ?%s', async (query, field) => {
    const response = await serviceInMemory().app.request(`/consumers/ada/orders?${query}`);
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).errors).toMatchObject([{ field }]);
  });

  it.each(AWKWARD_CONSUMER_IDS)('lists the orders of the consumer %s only, page by page', async (consumerId) => {
    const { app, post } = serviceInMemory();
    for (let n = 0; n < 3; n++) expect((await post({ ...validRequest, consumerId })).status).toBe(202);
    await post(validRequest);
    let next: string | undefined = `/consumers/${encodeURIComponent(consumerId)}/orders?limit=2`;
    const listed: string[] = [];
    while (next !== undefined) {
      const page = ordersPage.parse(await (await app.request(next)).json());
      listed.push(...page.orders.map((order) => order.consumerId));
      next = page.next;
    }
    expect(listed).toEqual([consumerId, consumerId, consumerId]);
  });

  it('returns 404 for an invalid consumer id', async () => {
    expect((await serviceInMemory().app.request('/consumers/a%0Ab/orders')).status).toBe(404);
  });

  it.each(['orders', 'orders/events'])(
    '%s returns 404 and names the setting in a deployment without lists',
    async (path) => {
      const { app, post, stored } = serviceInMemory({ lists: false });
      await post(validRequest);
      expect([...stored.values()].map(({ index }) => index)).toEqual([undefined]);
      const response = await app.request(`/consumers/ada/${path}`);
      expect(response.status).toBe(404);
      expect(problem.parse(await response.json()).detail).toContain('CONSUMER_ORDERS=on');
    },
  );
});
