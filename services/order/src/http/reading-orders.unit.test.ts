import { orderView } from '@standing-order/contracts';
import { describe, expect, it, vi } from 'vitest';
import { good, rejected, serviceInMemory } from '../../test/service-in-memory.ts';
import type { Order } from '../domain/order.ts';

describe('Prefer', () => {
  /** A request that waits, and the order that it waits for. */
  async function waiting(world: ReturnType<typeof serviceInMemory>, send: () => Response | Promise<Response>) {
    const response = Promise.resolve(send());
    await vi.waitUntil(() => world.watching.size > 0);
    return { response, order: [...world.stored.values()][0] as Order };
  }

  it('wait: is answered with the final state as soon as it is heard of', async () => {
    const world = serviceInMemory();
    const { response, order } = await waiting(world, () => world.post(good, { prefer: 'wait=60' }));
    world.watching.get(order.id)?.(rejected(order));
    const { status, headers } = await response;
    expect([status, headers.get('location')]).toEqual([200, `/orders/${order.id}`]);
    expect(headers.get('preference-applied')).toBe('wait=60');
    expect(orderView.parse(await (await response).json()).status).toBe('REJECTED');
    expect(world.watching.size).toBe(0);
  });

  it('wait: is answered with the final state that another replica has stored', async () => {
    const world = serviceInMemory();
    const { response, order } = await waiting(world, () => world.post(good, { prefer: 'wait=60' }));
    world.stored.set(order.id, rejected(order));
    expect((await response).status).toBe(200);
  });

  it('wait: an order that is not decided in time is answered as ever', async () => {
    const { post } = serviceInMemory();
    const response = await post(good, { prefer: 'respond-async, wait=0' });
    expect([response.status, response.headers.get('preference-applied')]).toEqual([202, 'wait=0, respond-async']);
    const plain = await post(good, { prefer: 'wait=never' });
    expect([plain.status, plain.headers.has('preference-applied')]).toEqual([202, false]);
  });

  it('wait: GET answers as soon as there is a verdict', async () => {
    const world = serviceInMemory();
    await world.post(good);
    const [order] = [...world.stored.values()] as [Order];
    const { response } = await waiting(world, () =>
      world.app.request(`/orders/${order.id}`, { headers: { prefer: 'wait=60' } }),
    );
    world.watching.get(order.id)?.(rejected(order));
    expect((await response).headers.get('preference-applied')).toBe('wait=60');
    expect(orderView.parse(await (await response).json()).status).toBe('REJECTED');
  });

  it('wait: where too many wait already, nobody more does', async () => {
    const world = serviceInMemory();
    const responses = [world.post(good, { prefer: 'wait=60' }), world.post(good, { prefer: 'wait=60' })];
    await vi.waitUntil(() => world.watching.size === 2);
    const third = await world.post(good, { prefer: 'wait=60' });
    expect([third.status, third.headers.has('preference-applied')]).toEqual([202, false]);
    for (const [id, tell] of world.watching) tell(rejected(world.stored.get(id) as Order));
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('GET /orders/{id}', () => {
  it('has an ETag that spares a client what it knows already', async () => {
    const { post, app } = serviceInMemory();
    const { id } = orderView.parse(await (await post(good)).json());
    const etag = (await app.request(`/orders/${id}`)).headers.get('etag') ?? '';
    const again = await app.request(`/orders/${id}`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await app.request(`/orders/${id}`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it.each([
    ['a word', 'no-id'],
    ['a UUID of another version', '00000000-0000-0000-0000-000000000000'],
    ['a key with its prefix', 'a%7C%7Cb'],
    ['a control character', '%00'],
    ['2,000 characters', 'x'.repeat(2000)],
  ])('of %s, which is no id, is refused by name', async (_, id) => {
    const response = await serviceInMemory().app.request(`/orders/${id}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'id' }] });
  });

  it('of an order that nobody has placed is a 404', async () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect((await serviceInMemory().app.request(`/orders/${id}`)).status).toBe(404);
  });
});

describe('the administration', () => {
  it('lists the orders that are stuck', async () => {
    const response = await serviceInMemory().app.request('/stuck-orders');
    expect(await response.json()).toEqual({
      orders: [{ id: 'x', channels: ['consumer'], attempts: 8, since: '2026-01-01T00:00:00.000Z' }],
    });
  });

  it('retries one, if it exists', async () => {
    const { app, post } = serviceInMemory();
    const { id } = orderView.parse(await (await post(good)).json());
    const retry = (which: string) => app.request(`/orders/${which}/retry`, { method: 'POST' });
    expect((await retry(id)).status).toBe(202);
    expect((await retry('01890a5d-ac96-774b-bcce-b302099a8057')).status).toBe(404);
    expect((await retry('stuck')).status).toBe(404);
  });
});
