import { orderView, problem } from '@standing-order/contracts';
import { describe, expect, it } from 'vitest';
import { rejected, serviceInMemory, type Verdicts, validRequest, validVerdicts } from '../../test/service-in-memory.ts';
import type { Order } from '../domain/order.ts';

const withLine = (line: object) => ({ ...validRequest, lines: [line] });
const quantity = (value: unknown) => withLine({ itemId: 'pizza', quantity: value });
const many = Array.from({ length: 10_000 }, (_, index) => ({ itemId: `item-${index}`, quantity: 1 }));

describe('POST /orders', () => {
  it('returns 202 with the order and its location', async () => {
    const { post, app } = serviceInMemory();
    const response = await post(validRequest);
    const order = orderView.parse(await response.json());
    expect(response.status).toBe(202);
    expect(order).toMatchObject({
      ...validRequest,
      status: 'PENDING',
      reasons: [],
      createdAt: '2026-01-01T00:00:00.002Z',
    });
    expect(response.headers.get('location')).toBe(`/orders/${order.id}`);
    expect(await (await app.request(`/orders/${order.id}`)).json()).toEqual(order);
  });

  it('creates an order for each request without an Idempotency-Key', async () => {
    const { post, stored } = serviceInMemory();
    await Promise.all([post(validRequest), post(validRequest)]);
    expect(stored.size).toBe(2);
  });

  it('creates one order for fifty requests with one Idempotency-Key, and returns the same response to all', async () => {
    const { post, stored } = serviceInMemory();
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => post(validRequest, { 'idempotency-key': 'key-1' })),
    );
    const contents = await Promise.all(
      responses.map(async (response) =>
        [response.status, response.headers.get('location'), await response.text()].join(),
      ),
    );
    expect(new Set(contents).size).toBe(1);
    expect(responses[0]?.status).toBe(202);
    expect(stored.size).toBe(1);
  });

  it('returns the first response to a repeated request, also after the order has been decided', async () => {
    const { post, stored } = serviceInMemory();
    const first = await (await post(validRequest, { 'idempotency-key': 'key-1' })).text();
    const [order] = [...stored.values()] as [Order];
    stored.set(order.id, rejected(order));
    expect(stored.get(order.id)?.status).toBe('REJECTED');
    const again = await post(validRequest, { 'idempotency-key': 'key-1' });
    expect([again.status, await again.text()]).toEqual([202, first]);
  });

  it('refuses an Idempotency-Key that belongs to another body', async () => {
    const { post, stored } = serviceInMemory();
    await post(validRequest, { 'idempotency-key': 'key-1' });
    const response = await post(quantity(3), { 'idempotency-key': 'key-1' });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
    expect(stored.size).toBe(1);
  });

  it.each([
    ['full', 503, /no order was stored/],
    ['unwritable', 503, /accepts no writes; no order was stored/],
    ['unsent', 503, /no order was stored/],
    ['unknown', 503, /not confirmed/],
    ['refused', 500, /no order was stored/],
  ] as const)('returns the problem of the outbox result %s', async (outcome, status, detail) => {
    const response = await serviceInMemory({ storeResult: () => ({ outcome }) }).post(validRequest);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const body = problem.parse(await response.json());
    expect(body.detail).toMatch(detail);
    expect(response.headers.has('retry-after')).toBe(status === 503);
    expect(response.headers.has('location')).toBe(outcome === 'unknown');
  });
});

describe('POST /orders refuses an invalid request and stores nothing:', () => {
  it.each<[string, unknown, number, string[]]>([
    ['malformed JSON', '{"consumerId": "ada",', 400, ['body']],
    ['no body', '', 400, ['body']],
    ['null', 'null', 422, ['body']],
    ['a list', [validRequest], 422, ['body']],
    [
      'wrong types',
      { consumerId: 7, restaurantId: null, lines: 'pizza' },
      422,
      ['consumerId', 'restaurantId', 'lines'],
    ],
    ['no required field', {}, 422, ['consumerId', 'restaurantId', 'lines']],
    ['an unknown field', { ...validRequest, discount: 5 }, 422, ['discount']],
    ['an unknown field of a line', withLine({ itemId: 'pizza', quantity: 1, price: 1 }), 422, ['lines[0].price']],
    ['an invalid consumer id', { ...validRequest, consumerId: '..' }, 422, ['consumerId']],
    ['an id with the separator of keys', { ...validRequest, restaurantId: 'a||b' }, 422, ['restaurantId']],
    ['an item id of 65 characters', withLine({ itemId: 'x'.repeat(65), quantity: 1 }), 422, ['lines[0].itemId']],
    ['no line', { ...validRequest, lines: [] }, 422, ['lines']],
    [
      'an item twice',
      { ...validRequest, lines: [validRequest.lines[0], validRequest.lines[0]] },
      422,
      ['lines[1].itemId'],
    ],
    ['a quantity of 0', quantity(0), 422, ['lines[0].quantity']],
    ['a quantity of -1', quantity(-1), 422, ['lines[0].quantity']],
    ['a quantity of 1e9', quantity(1e9), 422, ['lines[0].quantity']],
    ['a quantity of 0.5', quantity(0.5), 422, ['lines[0].quantity']],
    ['a quantity in words', quantity('two'), 422, ['lines[0].quantity']],
    ['a line that is null', { ...validRequest, lines: [null] }, 422, ['lines[0]']],
  ])('%s', async (_, body, status, fields) => {
    const { post, stored } = serviceInMemory();
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const { errors = [] } = problem.parse(await response.json());
    expect(errors.map(({ field }) => field)).toEqual(fields);
    expect(stored.size).toBe(0);
  });

  it.each<[string, string | object, Record<string, string>, number, string]>([
    ['a body over 256 KiB', { ...validRequest, note: 'x'.repeat(256 * 1024) }, {}, 413, 'body'],
    ['10,000 line items', { ...validRequest, lines: many }, {}, 413, 'body'],
    ['101 line items', { ...validRequest, lines: many.slice(0, 101) }, {}, 422, 'lines'],
    ['a body that is not JSON', validRequest, { 'content-type': 'text/plain' }, 415, 'Content-Type'],
    [
      'an Idempotency-Key of 10,000 characters',
      validRequest,
      { 'idempotency-key': 'k'.repeat(10_000) },
      422,
      'Idempotency-Key',
    ],
    ['an Idempotency-Key with a space', validRequest, { 'idempotency-key': 'a b' }, 422, 'Idempotency-Key'],
    ['an empty Idempotency-Key', validRequest, { 'idempotency-key': '' }, 422, 'Idempotency-Key'],
  ])('%s', async (_, body, headers, status, field) => {
    const { post, stored } = serviceInMemory();
    const response = await post(body, headers);
    expect(response.status).toBe(status);
    const { errors } = problem.parse(await response.json());
    expect(errors).toMatchObject([{ field }]);
    expect(stored.size).toBe(0);
  });
});

describe('the header Order-Style', () => {
  it('is refused with the reason in a deployment that does not accept it', async () => {
    const { post, stored } = serviceInMemory();
    const response = await post(validRequest, { 'order-style': 'respond-first' });
    expect([response.status, stored.size]).toEqual([403, 0]);
    expect(problem.parse(await response.json())).toMatchObject({
      detail: expect.stringContaining('STYLE_OVERRIDE=allowed'),
      errors: [{ field: 'Order-Style' }],
    });
  });

  it('chooses a style where it is accepted; for an unknown style the problem lists the styles', async () => {
    const { post, stored } = serviceInMemory({ override: true });
    expect((await post(validRequest, { 'order-style': 'respond-first' })).status).toBe(202);
    const response = await post(validRequest, { 'order-style': 'Respond-First' });
    expect([response.status, stored.size]).toEqual([400, 1]);
    expect(problem.parse(await response.json()).errors).toEqual([
      { field: 'Order-Style', detail: expect.stringContaining('respond-first') },
    ]);
  });
});

describe('the synchronous style', () => {
  const style = { 'order-style': 'synchronous' };
  const refused = {
    consumer: {
      type: 'com.standing-order.consumer-refused.v1',
      data: { reasons: [{ code: 'CONSUMER_INACTIVE', detail: 'the consumer ada is not active', field: 'consumerId' }] },
    },
    details: {
      type: 'com.standing-order.order-details-refused.v1',
      data: { reasons: [{ code: 'RESTAURANT_CLOSED', detail: 'closed', field: 'restaurantId' }] },
    },
  } as const satisfies Verdicts;

  it('returns 201 with the verdict, and the same response to a repeated request', async () => {
    const { post, stored, app } = serviceInMemory({ override: true });
    const first = await post(validRequest, { ...style, 'idempotency-key': 'k' });
    const text = await first.text();
    const order = orderView.parse(JSON.parse(text));
    expect(first.status).toBe(201);
    expect(order).toMatchObject({ status: 'VALIDATED', total: { amount: 1800, currency: 'EUR' } });
    expect(first.headers.get('location')).toBe(`/orders/${order.id}`);
    expect(await (await app.request(`/orders/${order.id}`)).json()).toEqual(order);

    const again = await post(validRequest, { ...style, 'idempotency-key': 'k' });
    expect([again.status, await again.text(), stored.size]).toEqual([201, text, 1]);
    const otherStyle = await post(validRequest, { 'idempotency-key': 'k' });
    expect([otherStyle.status, await otherStyle.text(), stored.size]).toEqual([201, text, 1]);
    expect((await post(quantity(3), { ...style, 'idempotency-key': 'k' })).status).toBe(422);
  });

  it('stores one of the orders of concurrent requests with one key', async () => {
    const { post, stored } = serviceInMemory({ override: true });
    const headers = { ...style, 'idempotency-key': 'k' };
    const responses = await Promise.all(Array.from({ length: 10 }, () => post(validRequest, headers)));
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect([new Set(bodies).size, stored.size]).toEqual([1, 1]);
  });

  it('finds an order by its key that was stored in another style', async () => {
    const { post, stored } = serviceInMemory({ override: true });
    await post(validRequest, { 'idempotency-key': 'k' });
    const response = await post(validRequest, { ...style, 'idempotency-key': 'k' });
    expect([response.status, stored.size]).toEqual([202, 1]);
  });

  it.each<[string, Verdicts, string[]]>([
    ['the consumer', { ...validVerdicts, consumer: refused.consumer }, ['CONSUMER_INACTIVE']],
    ['both', refused, ['CONSUMER_INACTIVE', 'RESTAURANT_CLOSED']],
    [
      'the limit',
      {
        ...validVerdicts,
        consumer: { ...validVerdicts.consumer, data: { orderLimit: { amount: 1799, currency: 'EUR' } } },
      },
      ['ORDER_LIMIT_EXCEEDED'],
    ],
  ])('rejected by %s: 422 with every reason, nothing stored', async (_, verdicts, codes) => {
    const { post, stored } = serviceInMemory({ override: true, verdicts });
    const response = await post(validRequest, style);
    expect([response.status, stored.size]).toEqual([422, 0]);
    expect(problem.parse(await response.json()).reasons?.map(({ code }) => code)).toEqual(codes);
  });

  it.each<[string, Verdicts, string[]]>([
    ['the consumer service', { details: validVerdicts.details }, ['consumer']],
    ['the restaurant service, although the consumer service refuses', { consumer: refused.consumer }, ['restaurant']],
    ['both', {}, ['consumer', 'restaurant']],
  ])('without %s: 503 with the dependency, nothing stored', async (_, verdicts, dependencies) => {
    const { post, stored } = serviceInMemory({ override: true, verdicts });
    const response = await post(validRequest, style);
    expect([response.status, response.headers.has('retry-after'), stored.size]).toEqual([503, true, 0]);
    expect(problem.parse(await response.json()).dependencies).toEqual(dependencies);
  });
});
