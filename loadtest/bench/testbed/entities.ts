import { CONSUMERS, consumerId, MENU, RESTAURANTS, restaurantId } from '../generator/orders.ts';
import type { Testbed } from './testbed.ts';

type Headers = Readonly<Record<string, string>>;

/** Creates the consumers and restaurants of the generator's orders; every order is valid. */
export async function createEntities(urls: Testbed['urls'], headers: Headers = {}): Promise<void> {
  for (let n = 0; n < CONSUMERS; n++) {
    await create(
      `${urls.consumer}/consumers`,
      {
        id: consumerId(n),
        name: `Consumer ${n}`,
        active: true,
        orderLimit: { amount: 100_000_00, currency: 'EUR' },
      },
      headers,
    );
  }
  for (let n = 0; n < RESTAURANTS; n++) {
    await create(
      `${urls.restaurant}/restaurants`,
      {
        id: restaurantId(n),
        name: `Restaurant ${n}`,
        open: true,
        currency: 'EUR',
        minimumOrder: 500,
        menu: MENU,
      },
      headers,
    );
  }
}

/** Creates a resource. Rejects unless the response is 201. */
export async function create(url: string, resource: object, headers: Headers = {}): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(resource),
    signal: AbortSignal.timeout(10_000),
  });
  const body = await response.text();
  if (response.status !== 201) throw new Error(`POST ${url}: unexpected status ${response.status}: ${body}`);
}
