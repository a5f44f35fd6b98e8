/** Places one order through the services' HTTP APIs and waits until it is VALIDATED: what `helm test` runs. */
import { setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 90_000;
const signal = AbortSignal.timeout(DEADLINE_MS);

const urls = Object.fromEntries(
  ['ORDER_URL', 'CONSUMER_URL', 'RESTAURANT_URL'].map((name) => {
    const url = process.env[name];
    if (!url) throw new Error(`${name} is not set: it says where the service is, as http://host:port`);
    return [name, url];
  }),
);

async function post(url: string, body: object, accepted: readonly number[]): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
  if (!accepted.includes(response.status)) {
    throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
  }
  return response;
}

// 409: an earlier test of this release has made them.
await post(
  `${urls.CONSUMER_URL}/consumers`,
  { id: 'first-order', name: 'First order', orderLimit: { amount: 10_000, currency: 'EUR' } },
  [201, 409],
);
await post(
  `${urls.RESTAURANT_URL}/restaurants`,
  { id: 'first-order', name: 'First order', currency: 'EUR', menu: [{ id: 'soup', name: 'Soup', price: 650 }] },
  [201, 409],
);
const order = { consumerId: 'first-order', restaurantId: 'first-order', lines: [{ itemId: 'soup', quantity: 2 }] };
// 202: taken; 201 and 200: taken and decided at once, which the styles that ask first answer.
const taken = await post(`${urls.ORDER_URL}/orders`, order, [202, 201, 200]);
const location = taken.headers.get('location');
console.log(`taken: ${location}`);

for (;;) {
  const view = (await (await fetch(`${urls.ORDER_URL}${location}`, { signal })).json()) as { status: string };
  if (view.status === 'VALIDATED') break;
  if (view.status !== 'PENDING') throw new Error(`the order was not validated: ${JSON.stringify(view)}`);
  await pause(250, undefined, { signal });
}
console.log('VALIDATED');
