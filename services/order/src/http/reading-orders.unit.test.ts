import { orderView } from '@standing-order/contracts';
import { describe, expect, it, vi } from 'vitest';
import { rejected, serviceInMemory, validRequest } from '../../test/service-in-memory.ts';
import type { Order } from '../domain/order.ts';

describe('Prefer', () => {
  /** Sends a request that waits, and returns it with the order that it waits for. */
  async function sendWaiting(service: ReturnType<typeof serviceInMemory>, send: () => Response | Promise<Response>) {
    const response = Promise.resolve(send());
    await vi.waitUntil(() => service.watching.size > 0);
    return { response, order: [...service.stored.values()][0] as Order };
  }

  it('wait: returns the decided order as soon as this replica is notified', async () => {
    const service = serviceInMemory();
    const { response, order } = await sendWaiting(service, () => service.post(validRequest, { prefer: 'wait=60' }));
    service.watching.get(order.id)?.(rejected(order));
    const { status, headers } = await response;
    expect([status, headers.get('location')]).toEqual([200, `/orders/${order.id}`]);
    expect(headers.get('preference-applied')).toBe('wait=60');
    expect(orderView.parse(await (await response).json()).status).toBe('REJECTED');
    expect(service.watching.size).toBe(0);
  });

  it('wait: returns the decided order that another replica has stored', async () => {
    const service = serviceInMemory();
    const { response, order } = await sendWaiting(service, () => service.post(validRequest, { prefer: 'wait=60' }));
    service.stored.set(order.id, rejected(order));
    expect((await response).status).toBe(200);
  });

  it('wait: returns 202 for an order that is not decided in time', async () => {
    const { post } = serviceInMemory();
    const response = await post(validRequest, { prefer: 'respond-async, wait=0' });
    expect([response.status, response.headers.get('preference-applied')]).toEqual([202, 'wait=0, respond-async']);
    const plain = await post(validRequest, { prefer: 'wait=never' });
    expect([plain.status, plain.headers.has('preference-applied')]).toEqual([202, false]);
  });

  it('wait: GET returns as soon as the order is decided', async () => {
    const service = serviceInMemory();
    await service.post(validRequest);
    const [order] = [...service.stored.values()] as [Order];
    const { response } = await sendWaiting(service, () =>
      service.app.request(`/orders/${order.id}`, { headers: { prefer: 'wait=60' } }),
    );
    service.watching.get(order.id)?.(rejected(order));
    expect((await response).headers.get('preference-applied')).toBe('wait=60');
    expect(orderView.parse(await (await response).json()).status).toBe('REJECTED');
  });

  it('wait: HEAD does not wait', async () => {
    const service = serviceInMemory();
    await service.post(validRequest);
    const [id] = [...service.stored.keys()];
    const response = await service.app.request(`/orders/${id}`, { method: 'HEAD', headers: { prefer: 'wait=60' } });
    expect([response.status, response.headers.has('preference-applied')]).toEqual([200, false]);
  });

  it('wait: a request over the limit does not wait', async () => {
    const service = serviceInMemory();
    const responses = [
      service.post(validRequest, { prefer: 'wait=60' }),
      service.post(validRequest, { prefer: 'wait=60' }),
    ];
    await vi.waitUntil(() => service.watching.size === 2);
    const third = await service.post(validRequest, { prefer: 'wait=60' });
    expect([third.status, third.headers.has('preference-applied')]).toEqual([202, false]);
    for (const [id, notify] of service.watching) notify(rejected(service.stored.get(id) as Order));
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('GET /orders/{id}', () => {
  it('has an ETag for conditional requests', async () => {
    const { post, app } = serviceInMemory();
    const { id } = orderView.parse(await (await post(validRequest)).json());
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
  ])('names the invalid id in its 404: %s', async (_, id) => {
    const response = await serviceInMemory().app.request(`/orders/${id}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'id' }] });
  });

  it('returns 404 for an order that does not exist', async () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect((await serviceInMemory().app.request(`/orders/${id}`)).status).toBe(404);
  });
});

describe('the administrative routes', () => {
  it('list the parked orders', async () => {
    const response = await serviceInMemory().app.request('/stuck-orders');
    expect(await response.json()).toEqual({
      orders: [{ id: 'x', channels: ['consumer'], attempts: 8, since: '2026-01-01T00:00:00.000Z' }],
    });
  });

  it('report the waiting orders: how many, for which reply, since when, how often sent and when next', async () => {
    const response = await serviceInMemory().app.request('/waiting-orders');
    const counts = { blocked: 0, parked: 0 };
    const oldest = '2026-01-01T00:00:00.000Z';
    expect(await response.json()).toEqual({
      stored: 3,
      loaded: 1,
      channels: [
        { channel: 'consumer', inFlight: 1, ...counts, oldest, attempts: 9, nextAttempt: '2026-01-01T00:00:05.000Z' },
        { channel: 'announce', inFlight: 0, ...counts, oldest: null, attempts: 0, nextAttempt: null },
      ],
      orders: [
        {
          id: 'x',
          since: oldest,
          commands: [{ channel: 'consumer', state: 'in-flight', attempts: 9, nextAttempt: null }],
        },
      ],
    });
  });

  it('retry an order that exists', async () => {
    const { app, post } = serviceInMemory();
    const { id } = orderView.parse(await (await post(validRequest)).json());
    const retry = (path: string) => app.request(`/orders/${path}/retry`, { method: 'POST' });
    expect((await retry(id)).status).toBe(202);
    expect((await retry('01890a5d-ac96-774b-bcce-b302099a8057')).status).toBe(404);
    expect((await retry('stuck')).status).toBe(404);
  });
});
