import { createApp } from '@standing-order/service-kit/http';
import { createMemoryStore, type MemoryStore } from '@standing-order/testing/memory-store';
import { expect, test } from 'vitest';
import { order, start } from '../test/client-fixture.ts';
import { addPurchases } from './purchases.ts';

function startShop(store: MemoryStore) {
  const { client, placed } = start(store);
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  addPurchases(app, client);
  const body = JSON.stringify({ id: 'basket-7', order });
  const headers = { 'content-type': 'application/json' };
  const place = () => app.request('/purchases', { method: 'POST', headers, body });
  return { client, placed, place, read: (id: string) => app.request(`/purchases/${id}`) };
}

test('answers a pending purchase with 503 when the shop stops, and continues it after a restart', async () => {
  const store = createMemoryStore();
  const shop = startShop(store);
  const responses = [shop.place(), shop.placed(1).then(() => shop.read('basket-7'))] as const;
  await shop.placed(1);
  shop.client.close();
  for (const response of await Promise.all(responses)) {
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('continues it after a restart') });
  }
  expect(await startShop(store).client.resume()).toEqual(['basket-7']);
});

test('answers an unknown purchase with 404', async () => {
  const response = await startShop(createMemoryStore()).read('basket-8');
  expect(response.status).toBe(404);
});
