import { poll } from '@standing-order/testing/poll';
import { describe, expect, test } from 'vitest';
import { call, get, type HttpResponse, post } from '../support/client.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';

const fixture = usePlatform(() => ({ replicas: { order: 1 } }));
const orders = () => `${fixture().platform.urls.order[0]}/orders`;

const withLine = (line: object) => ({ ...GOOD_ORDER, lines: [line] });
const lines = (count: number) => Array.from({ length: count }, (_, i) => ({ itemId: `item-${i}`, quantity: 1 }));
const quantity = (value: unknown) => withLine({ itemId: 'margherita', quantity: value });

/** Runs the request and checks that it stored no document. Segments of earlier orders and the reserve are ignored, because they change. */
async function leavesNothing(send: () => Promise<HttpResponse>): Promise<HttpResponse> {
  const documents = async () => (await fixture().state.keys()).filter((key) => !/(^|\|\|)(?:[sw]|reserve):/.test(key));
  const before = await documents();
  const answer = await send();
  expect(await documents()).toEqual(before);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({ status: answer.status, type: expect.any(String), title: expect.any(String) });
  return answer;
}

const fieldsOf = (answer: HttpResponse): string[] =>
  (answer.body.errors ?? []).map(({ field }: { field: string }) => field).toSorted();

describe('POST /orders refuses, names the field and stores no order', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['a quantity of 0', quantity(0), ['lines[0].quantity']],
    ['a quantity of -1', quantity(-1), ['lines[0].quantity']],
    ['a quantity of 1e9', quantity(1e9), ['lines[0].quantity']],
    ['a quantity of 0.5', quantity(0.5), ['lines[0].quantity']],
    ['a quantity in a string', quantity('2'), ['lines[0].quantity']],
    ['an unknown field', { ...GOOD_ORDER, discount: 100 }, ['discount']],
    ['an unknown field of a line', withLine({ itemId: 'margherita', quantity: 1, price: 1 }), ['lines[0].price']],
    ['a consumer id that is no id', { ...GOOD_ORDER, consumerId: 'a\nb' }, ['consumerId']],
    ['a restaurant id with the separator of keys', { ...GOOD_ORDER, restaurantId: 'a||b' }, ['restaurantId']],
    ['an empty item id', withLine({ itemId: '', quantity: 1 }), ['lines[0].itemId']],
    ['no lines', { ...GOOD_ORDER, lines: [] }, ['lines']],
    ['lines of another type', { ...GOOD_ORDER, lines: 'margherita' }, ['lines']],
    ['an item twice', { ...GOOD_ORDER, lines: [GOOD_ORDER.lines[0], GOOD_ORDER.lines[0]] }, ['lines[1].itemId']],
    ['more lines than an order can have', { ...GOOD_ORDER, lines: lines(101) }, ['lines']],
    ['several faults, all at once', { consumerId: 7, lines: [] }, ['consumerId', 'lines', 'restaurantId']],
  ])('%s', async (_, body, fields) => {
    const answer = await leavesNothing(() => post(orders(), body));
    expect(fieldsOf(answer)).toEqual(fields);
  });

  test('malformed JSON', async () => {
    const answer = await leavesNothing(() => post(orders(), '{"consumerId": "ada",'));
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['body']);
  });

  test('a body that is not an object', async () => {
    const answer = await leavesNothing(() => post(orders(), 'null'));
    expect(fieldsOf(answer)).toEqual(['body']);
  });

  test('8,000 line items that fit into a body, with a bounded list of faults', async () => {
    const answer = await leavesNothing(() => post(orders(), { ...GOOD_ORDER, lines: Array(8_000).fill({}) }));
    expect(fieldsOf(answer).every((field) => field.startsWith('lines'))).toBe(true);
    expect(fieldsOf(answer).length).toBeLessThanOrEqual(100);
  });

  test('10,000 line items that do not fit into a body', async () => {
    const answer = await leavesNothing(() => post(orders(), { ...GOOD_ORDER, lines: lines(10_000) }));
    expect([answer.status, fieldsOf(answer)]).toEqual([413, ['body']]);
  });

  test('a body with another content type than JSON', async () => {
    const answer = await leavesNothing(() => post(orders(), GOOD_ORDER, { 'content-type': 'text/plain' }));
    expect(answer.status).toBe(415);
    expect(fieldsOf(answer)).toEqual(['Content-Type']);
  });

  test('a body over 32 KiB', async () => {
    const answer = await leavesNothing(() => post(orders(), { ...GOOD_ORDER, note: 'x'.repeat(32 * 1024) }));
    expect([answer.status, fieldsOf(answer)]).toEqual([413, ['body']]);
  });

  test.each([
    ['of 10,000 characters', 'k'.repeat(10_000)],
    ['with a space', 'a b'],
    ['that is empty', ''],
  ])('an Idempotency-Key %s', async (_, key) => {
    const answer = await leavesNothing(() => post(orders(), GOOD_ORDER, { 'idempotency-key': key }));
    expect(fieldsOf(answer)).toEqual(['Idempotency-Key']);
  });

  test.each(['telepathic', 'synchronous', ''])('the style %j, where a request may not select one', async (style) => {
    const answer = await leavesNothing(() => post(orders(), GOOD_ORDER, { 'order-style': style }));
    expect([answer.status, fieldsOf(answer)]).toEqual([403, ['Order-Style']]);
  });
});

test.each(['wait=soon', 'wait=-1', '=5', '"', 'wait="5', ';;,,'])(
  'ignores Prefer: %s, as RFC 7240 requires',
  async (prefer) => {
    const answer = await post(orders(), GOOD_ORDER, { prefer });
    expect([answer.status, answer.headers['preference-applied']]).toEqual([202, undefined]);
  },
);

const UNKNOWN = '019ab000-0000-7000-8000-000000000000';

describe('the other requests', () => {
  test.each([
    ['is a word', 'no-id'],
    ['is no UUID of an order', '00000000-0000-0000-0000-000000000000'],
    ['has the separator of keys', 'a%7C%7Cb'],
    ['is long', 'x'.repeat(2_000)],
  ])('GET of an order whose id %s', async (_, id) => {
    const answer = await leavesNothing(() => get(`${orders()}/${id}`));
    expect(answer.status).toBe(404);
    expect(fieldsOf(answer)).toEqual(['id']);
  });

  test('GET of an order that does not exist', async () => {
    const answer = await leavesNothing(() => get(`${orders()}/${UNKNOWN}`));
    expect(answer.status).toBe(404);
  });

  test.each([
    ['events of an order, after an event that is none', () => `${orders()}/${UNKNOWN}/events`, 400],
    ['events of an order that does not exist', () => `${orders()}/${UNKNOWN}/events`, 404],
    ["a consumer's orders, by a malformed id", () => `${orders().replace(/orders$/, 'consumers')}/a%0Ab/orders`, 404],
  ])('GET of %s', async (_, url, status) => {
    const headers = status === 400 ? { 'last-event-id': 'nonsense' } : {};
    const answer = await leavesNothing(() => call('GET', url(), undefined, headers));
    expect(answer.status).toBe(status);
  });

  test('a method that the path does not have', async () => {
    const answer = await leavesNothing(() => call('DELETE', orders()));
    expect([404, 405]).toContain(answer.status);
  });

  test('POST /consumers with every field wrong', async () => {
    const consumers = `${fixture().platform.urls.consumer[0]}/consumers`;
    const answer = await leavesNothing(() =>
      post(consumers, { id: 'a ', name: '', active: 'yes', orderLimit: { amount: -1, currency: 'euro' }, vip: true }),
    );
    expect(fieldsOf(answer)).toEqual(['active', 'id', 'name', 'orderLimit.amount', 'orderLimit.currency', 'vip']);
  });

  test('POST /restaurants with an item twice', async () => {
    const restaurants = `${fixture().platform.urls.restaurant[0]}/restaurants`;
    const item = { id: 'soup', name: 'Soup', price: 500 };
    const answer = await leavesNothing(() =>
      post(restaurants, { name: 'Soup kitchen', currency: 'EUR', menu: [item, item] }),
    );
    expect(fieldsOf(answer)).toEqual(['menu[1].id']);
  });
});

describe('garbage on a topic', () => {
  const event = {
    specversion: '1.0',
    id: 'garbage',
    source: '/nobody',
    subject: 'nothing',
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
  };
  const commands = 'com.standing-order.validate-consumer-info.v1';

  test.each(['consumer-commands', 'restaurant-commands', 'order-replies'])(
    'of %s becomes dead letters with the reason, and the other messages are handled',
    async (topic) => {
      const { broker } = fixture();
      const unreadable = [
        { ...event, id: `${topic}-1`, type: 'com.example.unknown.v1', data: {} },
        { ...event, id: `${topic}-2`, type: commands, data: { orderId: 7 } },
        { a: 1 },
      ];
      const noJson = ['no JSON at all', '[1,2]', ''];
      for (const message of unreadable) await broker.xAdd(topic, '*', { data: JSON.stringify(message) });
      for (const data of noJson) await broker.xAdd(topic, '*', { data });

      expect((await fixture().place(1))[0]?.status).toBe(202);
      await fixture().allDecided();

      const dead = await poll(
        'all of it in the dead-letter topic',
        async () => ((await broker.xRange(`${topic}-dead`, '-', '+')) ?? []).map(({ message }) => String(message.data)),
        (letters) => letters.length >= unreadable.length + noJson.length,
      );
      // The sidecar itself dead-letters a message that is not JSON, unchanged.
      expect(dead).toEqual(expect.arrayContaining(noJson));
      const letters = dead.filter((data) => !noJson.includes(data)).map((data) => JSON.parse(data));
      expect(letters).toHaveLength(unreadable.length);
      for (const { data } of letters) {
        expect(data).toMatchObject({ topic, reason: expect.any(String) });
        expect(data.faults.length).toBeGreaterThan(0);
        expect(data.faults[0]).toMatchObject({ field: expect.any(String), detail: expect.any(String) });
        expect(unreadable).toContainEqual(expect.objectContaining(JSON.parse(data.payload)));
      }
    },
  );
});
