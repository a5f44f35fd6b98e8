import { INVOKER, openApiOf } from '@standing-order/contracts';
import { beforeAll, describe, expect, test } from 'vitest';
import { concurrently, get, post } from '../support/client.ts';
import { checkConformance, operationsIn, otherMethods, type TestedApi } from '../support/generated-api/conformance.ts';
import type { OpenApi } from '../support/generated-api/documents.ts';
import { CONSUMER, GOOD_ORDER, RESTAURANT, usePlatform } from '../support/platform-fixture.ts';
import { startReceiver } from '../support/receiver.ts';
import { APIS } from '../support/routes.ts';

/** The same requests at each run; API_SEED and API_REQUESTS choose others. */
const SEED = Number(process.env.API_SEED ?? 20_261_128);
const REQUESTS = Number(process.env.API_REQUESTS ?? 60);

/** Requests delete some of them. */
const HOOKS = 12;

const fixture = usePlatform(() => ({
  replicas: { order: 1, notification: 1 },
  env: { order: { STYLE_OVERRIDE: 'allowed' } },
}));

const known: Record<string, string[]> = { consumers: [CONSUMER], restaurants: [RESTAURANT], docs: ['page.js', 'x'] };

beforeAll(async () => {
  const { urls } = fixture().platform;
  const [pending] = await fixture().place(1);
  const decided = await post(`${urls.order[0]}/orders`, GOOD_ORDER, { prefer: 'wait=20' });
  known.orders = [pending?.body.id, decided.body.id];
  const { url } = await startReceiver();
  const hooks = await concurrently(HOOKS, 4, () => post(`${urls.notification[0]}/webhooks`, { url }));
  known.webhooks = hooks.map(({ body }) => body.id);
  known.deliveries = [`settled-${decided.body.id}-${Date.parse(decided.body.settledAt)}`];
});

async function testedApi(service: (typeof APIS)[number]['service']): Promise<TestedApi> {
  const { urls, secrets } = fixture().platform;
  const base = urls[service][0] ?? '';
  const sidecarHeaders = { 'dapr-api-token': secrets.appApiToken, 'dapr-caller-app-id': INVOKER };
  return { base, document: (await get(`${base}/openapi.json`)).body, known, sidecarHeaders };
}

describe.each(APIS.map(({ service }) => service))('the %s service', (service) => {
  const names = APIS.filter((api) => api.service === service)
    .map((api) => openApiOf(api, { auth: false }) as OpenApi)
    .flatMap(operationsIn)
    .map(({ method, template }) => `${method} ${template}`)
    // Deletions last.
    .toSorted((one, other) => Number(one.startsWith('DELETE')) - Number(other.startsWith('DELETE')));

  test.each(names)(`answers as its document states: %s (API_SEED=${SEED})`, async (name) => {
    const api = await testedApi(service);
    const tested = operationsIn(api.document).find(({ method, template }) => name === `${method} ${template}`);
    if (tested === undefined) throw new Error(`${name} is not in the document`);
    await checkConformance(api, tested, { seed: SEED, requests: REQUESTS });
  });

  test('answers a method that a path does not have with 405 and those that it has', async () => {
    const api = await testedApi(service);
    const wrong = await Promise.all(Object.keys(api.document.paths).map((template) => otherMethods(api, template)));
    expect(wrong.flat()).toEqual([]);
  });

  test('is ready afterwards', async () => {
    const { urls } = fixture().platform;
    expect((await get(`${urls[service][0]}/readyz`)).body).toEqual({ status: 'ready', reasons: [] });
  });
});
