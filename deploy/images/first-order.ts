/**
 * The program of `helm test`: places one order through the services' HTTP APIs and waits until it is VALIDATED. It retries
 * while the services start.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { readFaults } from './readiness.ts';

const DEADLINE_MS = Number(process.env.DEADLINE_SECONDS ?? 90) * 1_000;
const REQUEST_TIMEOUT_MS = 15_000;
const RETRY_MS = 500;
const POLL_MS = 250;
const deadline = AbortSignal.timeout(DEADLINE_MS);

const urls = Object.fromEntries(
  ['ORDER_URL', 'CONSUMER_URL', 'RESTAURANT_URL'].map((name) => {
    const url = process.env[name];
    if (!url) throw new Error(`${name} is not set: it must be the URL of the service, as http://host:port`);
    return [name, url];
  }),
);

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

/** Repeats the request until its response is not 503. A repeated order has the same key; any other repeated POST returns 409. */
async function requestWithRetry(url: string, request: RequestInit = {}): Promise<Response> {
  let lastReason = '';
  while (!deadline.aborted) {
    let reason: string;
    try {
      const signal = AbortSignal.any([deadline, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
      const response = await fetch(url, { ...request, signal });
      if (response.status !== 503) return response;
      reason = `503 ${await response.text()}`;
    } catch (error) {
      reason = reasonOf(error);
    }
    if (reason !== lastReason) console.log(`waiting for ${url}: ${reason}`);
    lastReason = reason;
    await pause(RETRY_MS);
  }
  throw new Error(`no response from ${url} within ${DEADLINE_MS / 1_000} s: ${lastReason}`);
}

async function post(url: string, body: object, accepted: readonly number[]): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const response = await requestWithRetry(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!accepted.includes(response.status)) {
    throw new Error(`POST ${url} responded ${response.status}: ${await response.text()}`);
  }
  return response;
}

/** Ends the test with the faults that the pods report, so that its log names the part that does not work. */
async function fail(error: unknown): Promise<never> {
  const targets = (process.env.PODS ?? '').split(',').filter(Boolean);
  const faults = (await Promise.all(targets.map(readFaults))).flat();
  const none = targets.length > 0 ? ['no pod reports a fault: see the logs of the sidecars (container daprd)'] : [];
  console.log([reasonOf(error), ...(faults.length > 0 ? faults : none)].join('\n  '));
  process.exit(1);
}
process.on('uncaughtException', fail);

const key = randomUUID();
// 409: an earlier test of this release has created them.
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
const ORDER = { consumerId: 'first-order', restaurantId: 'first-order', lines: [{ itemId: 'soup', quantity: 2 }] };
// 202: acknowledged; 201 and 200: acknowledged and decided, from the styles that decide before they respond.
const placed = await post(`${urls.ORDER_URL}/orders`, ORDER, [202, 201, 200]);
const location = placed.headers.get('location');
console.log(`acknowledged: ${location}`);

for (;;) {
  if (deadline.aborted) throw new Error(`the order is PENDING after ${DEADLINE_MS / 1_000} s: no verdict has arrived`);
  const view = (await (await requestWithRetry(`${urls.ORDER_URL}${location}`)).json()) as { status: string };
  if (view.status === 'VALIDATED') break;
  if (view.status !== 'PENDING') throw new Error(`the order was not validated: ${JSON.stringify(view)}`);
  await pause(POLL_MS);
}
console.log('VALIDATED');
