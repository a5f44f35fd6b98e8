import { expect, test } from 'vitest';
import { serviceInMemory, validRequest } from '../../test/service-in-memory.ts';

const START = Date.UTC(2026, 0, 1);
const ada = { client: 'subject:ada', admin: false, consumer: 'ada' };

/** The service with one caller, whose identity and rights a test changes. */
function serviceWithCaller() {
  const caller: { client: string; admin: boolean; consumer: string | undefined; endsAt?: number } = { ...ada };
  const service = serviceInMemory({ caller });
  const become = (other: Partial<typeof caller>) => Object.assign(caller, other);
  return { ...service, become };
}

test('only the consumer itself and an admin may place an order for a consumer', async () => {
  const { post, stored, become } = serviceWithCaller();
  expect((await post(validRequest)).status).toBe(202);
  for (const consumer of ['bob', undefined]) {
    become({ consumer });
    expect((await post(validRequest)).status).toBe(403);
  }
  expect(stored.size).toBe(1);
  become({ admin: true });
  expect((await post(validRequest)).status).toBe(202);
});

test('an Idempotency-Key belongs to the client that uses it', async () => {
  const { post, stored, become } = serviceWithCaller();
  const key = { 'idempotency-key': 'k' };
  for (const client of ['subject:ada', 'subject:ada', 'subject:ada-at-work']) {
    become({ client });
    expect((await post(validRequest, key)).status).toBe(202);
  }
  expect(stored.size).toBe(2);
});

test('the order of another consumer gets the same response as an order that does not exist', async () => {
  const { post, app, stored, become } = serviceWithCaller();
  await post(validRequest);
  const [id = ''] = stored.keys();
  const unknown = '01890a5d-ac96-774b-bcce-999999999999';
  become({ consumer: 'bob' });
  for (const path of ['', '/events']) {
    const [hidden, missing] = [
      await app.request(`/orders/${id}${path}`),
      await app.request(`/orders/${unknown}${path}`),
    ];
    expect([hidden.status, missing.status]).toEqual([404, 404]);
    expect((await hidden.text()).replace(id, unknown)).toBe(await missing.text());
  }
});

test.each(['orders', 'orders/events'])(
  "another consumer's %s are refused with the same response whether the consumer exists or not",
  async (what) => {
    const { app, post } = serviceWithCaller();
    await post(validRequest);
    const responses = await Promise.all(['bob', 'unknown'].map((id) => app.request(`/consumers/${id}/${what}`)));
    expect(responses.map(({ status }) => status)).toEqual([403, 403]);
    expect(await responses[0]?.text()).toBe(await responses[1]?.text());
  },
);

test('a stream ends when the token that opened it expires', async () => {
  const { app, post, become } = serviceWithCaller();
  // The clock of this service advances with each order that is made.
  become({ endsAt: START + 3 });
  await post(validRequest);
  const { body } = await app.request('/consumers/ada/orders/events');
  let received = '';
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    if (piece.includes('event: order')) await post(validRequest);
    received += piece;
  }
  expect(received.match(/event: order/g)).toHaveLength(1);
});
