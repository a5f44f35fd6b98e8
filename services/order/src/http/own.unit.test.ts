import { expect, test } from 'vitest';
import { good, serviceInMemory } from '../../test/service-in-memory.ts';

const START = Date.UTC(2026, 0, 1);
const ada = { client: 'subject:ada', admin: false, consumer: 'ada' };

/** A caller whose name and rights a test changes on the way. */
function asked() {
  const caller: { client: string; admin: boolean; consumer: string | undefined; endsAt?: number } = { ...ada };
  const world = serviceInMemory({ caller });
  const become = (other: Partial<typeof caller>) => Object.assign(caller, other);
  return { ...world, become };
}

test('a consumer orders for itself, an admin for anybody, nobody else at all', async () => {
  const { post, stored, become } = asked();
  expect((await post(good)).status).toBe(202);
  for (const consumer of ['bob', undefined]) {
    become({ consumer });
    expect((await post(good)).status).toBe(403);
  }
  expect(stored.size).toBe(1);
  become({ admin: true });
  expect((await post(good)).status).toBe(202);
});

test('an Idempotency-Key belongs to the client that uses it', async () => {
  const { post, stored, become } = asked();
  const key = { 'idempotency-key': 'k' };
  for (const client of ['subject:ada', 'subject:ada', 'subject:ada-at-work']) {
    become({ client });
    expect((await post(good, key)).status).toBe(202);
  }
  expect(stored.size).toBe(2);
});

test("somebody else's order is answered to the letter like one that is not there", async () => {
  const { post, app, stored, become } = asked();
  await post(good);
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
  "another consumer's %s are refused, whether there is such a consumer or not",
  async (what) => {
    const { app, post } = asked();
    await post(good);
    const answers = await Promise.all(['bob', 'nobody'].map((id) => app.request(`/consumers/${id}/${what}`)));
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(await answers[0]?.text()).toBe(await answers[1]?.text());
  },
);

test('a stream ends with the token that opened it', async () => {
  const { app, post, become } = asked();
  // The clock of this service goes on with each order that is made.
  become({ endsAt: START + 3 });
  await post(good);
  const { body } = await app.request('/consumers/ada/orders/events');
  let heard = '';
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    if (piece.includes('event: order')) await post(good);
    heard += piece;
  }
  expect(heard.match(/event: order/g)).toHaveLength(1);
});
