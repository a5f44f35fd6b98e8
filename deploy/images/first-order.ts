/**
 * Places one order through the services' HTTP APIs and waits until it is VALIDATED: what `helm test` runs. It waits for
 * services that have only just started.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 90_000;
const ANSWER_MS = 15_000;
const AGAIN_MS = 500;
const deadline = AbortSignal.timeout(DEADLINE_MS);

const urls = Object.fromEntries(
  ['ORDER_URL', 'CONSUMER_URL', 'RESTAURANT_URL'].map((name) => {
    const url = process.env[name];
    if (!url) throw new Error(`${name} is not set: it says where the service is, as http://host:port`);
    return [name, url];
  }),
);

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

/** The first answer that is not 503. Each may be asked for again: an order has a key, and the rest is 409 then. */
async function answerTo(url: string, request: RequestInit = {}): Promise<Response> {
  let said = '';
  while (!deadline.aborted) {
    let why: string;
    try {
      const signal = AbortSignal.any([deadline, AbortSignal.timeout(ANSWER_MS)]);
      const response = await fetch(url, { ...request, signal });
      if (response.status !== 503) return response;
      why = `503 ${await response.text()}`;
    } catch (error) {
      why = reasonOf(error);
    }
    if (why !== said) console.log(`waits for ${url}: ${why}`);
    said = why;
    await pause(AGAIN_MS);
  }
  throw new Error(`${url} had no answer within ${DEADLINE_MS / 1_000} s: ${said}`);
}

async function post(url: string, body: object, accepted: readonly number[]): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const response = await answerTo(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!accepted.includes(response.status)) {
    throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
  }
  return response;
}

const key = randomUUID();
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
  const view = (await (await answerTo(`${urls.ORDER_URL}${location}`)).json()) as { status: string };
  if (view.status === 'VALIDATED') break;
  if (view.status !== 'PENDING') throw new Error(`the order was not validated: ${JSON.stringify(view)}`);
  await pause(250, undefined, { signal: deadline });
}
console.log('VALIDATED');
