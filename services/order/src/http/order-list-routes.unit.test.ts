import { ordersPage, problem } from '@standing-order/contracts';
import { describe, expect, it } from 'vitest';
import { good, rejected, serviceInMemory } from '../../test/service-in-memory.ts';

async function withOrders(count: number) {
  const world = serviceInMemory();
  for (let n = 0; n < count; n++) await world.post(good);
  return { ...world, ids: [...world.stored.keys()] };
}

describe('GET /consumers/{id}/orders', () => {
  it("shows a consumer's orders as they are now, the newest first", async () => {
    const { app, stored, ids } = await withOrders(3);
    const [first] = [...stored.values()];
    if (first) stored.set(first.id, rejected(first));
    const { orders, next } = ordersPage.parse(await (await app.request('/consumers/ada/orders')).json());
    expect(orders.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(orders.map(({ status }) => status)).toEqual(['PENDING', 'PENDING', 'REJECTED']);
    expect(next).toBeUndefined();
  });

  it('shows orders of each style, those too that were decided before they were stored', async () => {
    const { app, post } = serviceInMemory({ override: true });
    for (const style of ['respond-first', 'synchronous']) await post(good, { 'order-style': style });
    const { orders } = ordersPage.parse(await (await app.request('/consumers/ada/orders')).json());
    expect(orders.map(({ status }) => status)).toEqual(['VALIDATED', 'PENDING']);
  });

  it('of a consumer who has not ordered are none', async () => {
    const { app } = await withOrders(1);
    expect(await (await app.request('/consumers/bob/orders')).json()).toEqual({ orders: [] });
  });

  it('leads from page to page, to the end', async () => {
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
  ])('?%s is refused by name', async (query, field) => {
    const response = await serviceInMemory().app.request(`/consumers/ada/orders?${query}`);
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).errors).toMatchObject([{ field }]);
  });

  it('of what cannot be a consumer is a 404', async () => {
    expect((await serviceInMemory().app.request('/consumers/a%20b/orders')).status).toBe(404);
  });

  it.each(['orders', 'orders/events'])('%s says so where no lists are kept', async (what) => {
    const { app, post, stored } = serviceInMemory({ lists: false });
    await post(good);
    expect([...stored.values()].map(({ index }) => index)).toEqual([undefined]);
    const response = await app.request(`/consumers/ada/${what}`);
    expect(response.status).toBe(404);
    expect(problem.parse(await response.json()).detail).toContain('CONSUMER_ORDERS=on');
  });
});
