import { INVOKER, problem } from '@standing-order/contracts';
import { entityServiceApp } from '@standing-order/entity-store/entities';
import { describe, expect, it } from 'vitest';
import { restaurantService } from './restaurant.ts';

const INVOKED = { 'dapr-caller-app-id': INVOKER };
const item = { id: 'soup', name: 'Soup', price: 500 };
const kitchen = { name: 'Soup kitchen', currency: 'EUR', menu: [item] };

/** The service's application; `created` has the entities that reached the store. */
function service() {
  const created: unknown[] = [];
  const app = entityServiceApp(restaurantService, {
    entities: {
      async create(entity) {
        created.push(entity);
        return { outcome: 'created', entity, etag: '1' };
      },
      get: async () => undefined,
      getAll: async () => new Map(),
      change: async () => ({ outcome: 'unknown' }),
      changesSince: async () => ({ lanes: [], complete: true, reset: false }),
    },
    sidecar: { publish: async (_pubsub, _topic, messages) => messages.map(() => true) },
    pubsub: 'messages',
    clock: { wall: () => 0 },
    newId: () => 'made-up',
    readiness: () => ({ ready: true, reasons: [] }),
    authenticate: undefined,
  });
  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.request(path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return { created, send };
}

describe('restaurants', () => {
  it('are open, have no minimum and have every item available by default', async () => {
    const { send, created } = service();
    expect((await send('POST', '/restaurants', kitchen)).status).toBe(201);
    expect(created).toEqual([
      { ...kitchen, id: 'made-up', open: true, minimumOrder: 0, menu: [{ ...item, available: true }] },
    ]);
  });

  it.each<[string, object, string[]]>([
    ['an item twice', { ...kitchen, menu: [item, item] }, ['menu[1].id']],
    ['a price below nothing', { ...kitchen, menu: [{ ...item, price: -1 }] }, ['menu[0].price']],
    ['a price of half a cent', { ...kitchen, menu: [{ ...item, price: 0.5 }] }, ['menu[0].price']],
    ['a currency of one’s own', { ...kitchen, currency: 'gold' }, ['currency']],
    ['501 items', { ...kitchen, menu: Array.from({ length: 501 }, (_, i) => ({ ...item, id: `i${i}` })) }, ['menu']],
    ['nothing', {}, ['name', 'currency', 'menu']],
  ])('are not created with %s', async (_, body, fields) => {
    const { send, created } = service();
    const response = await send('POST', '/restaurants', body);
    expect(response.status).toBe(422);
    const { errors = [] } = problem.parse(await response.json());
    expect(errors.map(({ field }) => field)).toEqual(fields);
    expect(created).toEqual([]);
  });

  it('are answered with their location when the store did not confirm the creation', async () => {
    const response = await service().send('PATCH', '/restaurants/soup', { open: false }, { 'if-match': '"1"' });
    expect(response.status).toBe(503);
    expect(response.headers.get('location')).toBe('/restaurants/soup');
    expect(response.headers.has('retry-after')).toBe(true);
  });
});

describe('validations', () => {
  it('are answered with the verdict that a command gets', async () => {
    const { send } = service();
    const lines = [{ itemId: 'soup', quantity: 1 }];
    const response = await send('POST', '/validations', { restaurantId: 'nobody', lines }, INVOKED);
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { type: 'com.standing-order.order-details-refused.v1', data: { reasons: [{ code: 'RESTAURANT_NOT_FOUND' }] } },
    ]);
    const garbage = await send('POST', '/validations', { restaurantId: 'nobody', lines: [] }, INVOKED);
    expect([garbage.status, await garbage.json()]).toMatchObject([422, { errors: [{ field: 'lines' }] }]);
  });
});
