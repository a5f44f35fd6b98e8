import { type ConsumerVerdict, type DetailsVerdict, orderView, problem } from '@standing-order/contracts';
import type { Accepted } from '@standing-order/outbox';
import { realClock } from '@standing-order/platform/runtime';
import { describe, expect, it, vi } from 'vitest';
import { orderApp } from '../app.ts';
import { decide } from '../order/decide.ts';
import type { Order } from '../order/order.ts';
import { createReplicas } from '../replicas/replicas.ts';
import { messaging } from '../styles/messaging.ts';
import { replication } from '../styles/replication.ts';
import { respondFirst } from '../styles/respond-first.ts';
import { synchronous } from '../styles/synchronous.ts';
import { createWaits } from '../waits.ts';

const good = { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 2 }] };
const json = { 'content-type': 'application/json' };
const start = Date.UTC(2026, 0, 1);

/** Who says what when asked directly; undefined cannot be asked. */
interface Verdicts {
  readonly who?: ConsumerVerdict | undefined;
  readonly what?: DetailsVerdict | undefined;
}

const yes = {
  who: { type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: { amount: 5000, currency: 'EUR' } } },
  what: {
    type: 'com.standing-order.order-details-validated.v1',
    data: {
      lines: [{ itemId: 'pizza', name: 'Pizza', quantity: 2, unitPrice: 900, amount: 1800 }],
      total: { amount: 1800, currency: 'EUR' },
    },
  },
} as const satisfies Verdicts;

/** The service's HTTP side over a map, which keeps what the outbox would keep. */
function service(accept?: (order: Order) => Accepted<Order>, override = false, { who, what }: Verdicts = yes) {
  const stored = new Map<string, Order>();
  let made = 0;
  const keep = (order: Order): Accepted<Order> => {
    const existing = stored.get(order.id);
    if (!existing) {
      stored.set(order.id, order);
      return { outcome: 'created', document: order };
    }
    return { outcome: existing.fingerprint === order.fingerprint ? 'existing' : 'different', document: existing };
  };
  const outbox = {
    accept: async (order: Order) => (accept ?? keep)(order),
    read: async (id: string) => stored.get(id),
  };
  const parts = {
    outbox,
    clock: { wall: () => start + made },
    newId: () => `01890a5d-ac96-774b-bcce-${String(++made).padStart(12, '0')}`,
    acceptDeadlineMs: 1000,
    decideWithinMs: undefined,
    notify: false,
  };
  const watching = new Map<string, (order: Order) => void>();
  const watch = (id: string, listener: (order: Order) => void) => {
    watching.set(id, listener);
    return () => watching.delete(id);
  };
  const replicas = createReplicas({
    sidecar: { invoke: () => Promise.reject(new Error('nobody is asked')) },
    clock: realClock,
    stalenessMs: 0,
  });
  const app = orderApp({
    waits: createWaits({ outbox: { read: outbox.read, watch }, clock: realClock, most: 2 }),
    styles: {
      'respond-first': respondFirst(parts),
      synchronous: synchronous({ ...parts, validators: { consumer: async () => who, details: async () => what } }),
      replication: replication({ ...parts, replicas, otherwise: respondFirst(parts) }),
    },
    replicas,
    placeAsked: messaging(parts),
    clock: parts.clock,
    styleSettings: { default: 'respond-first', override },
    outbox: {
      read: outbox.read,
      record: async () => [],
      stuck: () => [{ id: 'x', channels: ['consumer'], attempts: 8, since: start }],
      retry: async (id) => (stored.has(id) ? 'retried' : 'missing'),
    },
    sidecar: { publish: async () => [] },
    pubsub: 'messages',
    readiness: () => ({ ready: true, reasons: [] }),
  });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.request('/orders', {
      method: 'POST',
      headers: { ...json, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { app, stored, watching, post };
}

const withLine = (line: object) => ({ ...good, lines: [line] });
const quantity = (value: unknown) => withLine({ itemId: 'pizza', quantity: value });
const many = Array.from({ length: 10_000 }, (_, index) => ({ itemId: `item-${index}`, quantity: 1 }));

describe('POST /orders', () => {
  it('answers 202 with the order and where it is', async () => {
    const { post, app } = service();
    const response = await post(good);
    const order = orderView.parse(await response.json());
    expect(response.status).toBe(202);
    expect(order).toMatchObject({ ...good, status: 'PENDING', reasons: [], createdAt: '2026-01-01T00:00:00.002Z' });
    expect(response.headers.get('location')).toBe(`/orders/${order.id}`);
    expect(await (await app.request(`/orders/${order.id}`)).json()).toEqual(order);
  });

  it('makes a new order for each request without an Idempotency-Key', async () => {
    const { post, stored } = service();
    await Promise.all([post(good), post(good)]);
    expect(stored.size).toBe(2);
  });

  it('makes one order of fifty requests with one Idempotency-Key, and answers them all alike', async () => {
    const { post, stored } = service();
    const responses = await Promise.all(Array.from({ length: 50 }, () => post(good, { 'idempotency-key': 'key-1' })));
    const answers = await Promise.all(
      responses.map(async (response) =>
        [response.status, response.headers.get('location'), await response.text()].join(),
      ),
    );
    expect(new Set(answers).size).toBe(1);
    expect(responses[0]?.status).toBe(202);
    expect(stored.size).toBe(1);
  });

  it('answers a repeated request as it did at first, although the order has been decided', async () => {
    const { post, stored } = service();
    const first = await (await post(good, { 'idempotency-key': 'key-1' })).text();
    const [order] = [...stored.values()] as [Order];
    const refusal = { valid: false, token: { w: 'w', a: 1, t: 1 }, reasons: [] } as const;
    for (const kind of ['consumer', 'details'] as const) {
      const decision = decide(stored.get(order.id) ?? order, { kind, ...refusal }, start + 1000);
      if ('document' in decision) stored.set(order.id, decision.document);
    }
    expect(stored.get(order.id)?.status).toBe('REJECTED');
    const again = await post(good, { 'idempotency-key': 'key-1' });
    expect([again.status, await again.text()]).toEqual([202, first]);
  });

  it('refuses an Idempotency-Key that belongs to another body', async () => {
    const { post, stored } = service();
    await post(good, { 'idempotency-key': 'key-1' });
    const response = await post(quantity(3), { 'idempotency-key': 'key-1' });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
    expect(stored.size).toBe(1);
  });

  it.each([
    ['full', 503, /nothing was stored/],
    ['unsent', 503, /nothing was stored/],
    ['unknown', 503, /not confirmed/],
    ['refused', 500, /nothing was stored/],
  ] as const)('says honestly what it knows when the outbox says %s', async (outcome, status, detail) => {
    const response = await service(() => ({ outcome })).post(good);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const body = problem.parse(await response.json());
    expect(body.detail).toMatch(detail);
    expect(response.headers.has('retry-after')).toBe(status === 503);
    expect(response.headers.has('location')).toBe(outcome === 'unknown');
  });
});

describe('POST /orders refuses what it cannot understand, and stores nothing:', () => {
  it.each<[string, unknown, number, string[]]>([
    ['malformed JSON', '{"consumerId": "ada",', 400, ['body']],
    ['no body', '', 400, ['body']],
    ['null', 'null', 422, ['body']],
    ['a list', [good], 422, ['body']],
    [
      'wrong types',
      { consumerId: 7, restaurantId: null, lines: 'pizza' },
      422,
      ['consumerId', 'restaurantId', 'lines'],
    ],
    ['nothing of what is needed', {}, 422, ['consumerId', 'restaurantId', 'lines']],
    ['an unknown field', { ...good, discount: 5 }, 422, ['discount']],
    ['an unknown field of a line', withLine({ itemId: 'pizza', quantity: 1, price: 1 }), 422, ['lines[0].price']],
    ['an id that is no id', { ...good, consumerId: '../ada' }, 422, ['consumerId']],
    ['an id with the separator of keys', { ...good, restaurantId: 'a||b' }, 422, ['restaurantId']],
    ['an item that is no id', withLine({ itemId: 'x'.repeat(65), quantity: 1 }), 422, ['lines[0].itemId']],
    ['no line', { ...good, lines: [] }, 422, ['lines']],
    ['an item twice', { ...good, lines: [good.lines[0], good.lines[0]] }, 422, ['lines[1].itemId']],
    ['a quantity of 0', quantity(0), 422, ['lines[0].quantity']],
    ['a quantity of -1', quantity(-1), 422, ['lines[0].quantity']],
    ['a quantity of 1e9', quantity(1e9), 422, ['lines[0].quantity']],
    ['a quantity of 0.5', quantity(0.5), 422, ['lines[0].quantity']],
    ['a quantity in words', quantity('two'), 422, ['lines[0].quantity']],
    ['a line that is none', { ...good, lines: [null] }, 422, ['lines[0]']],
  ])('%s', async (_, body, status, fields) => {
    const { post, stored } = service();
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const { errors = [] } = problem.parse(await response.json());
    expect(errors.map(({ field }) => field)).toEqual(fields);
    expect(stored.size).toBe(0);
  });

  it.each<[string, string | object, Record<string, string>, number, string | undefined]>([
    ['a body over 256 KiB', { ...good, note: 'x'.repeat(256 * 1024) }, {}, 413, undefined],
    ['10,000 line items', { ...good, lines: many }, {}, 413, undefined],
    ['101 line items', { ...good, lines: many.slice(0, 101) }, {}, 422, 'lines'],
    ['a body that is not JSON', good, { 'content-type': 'text/plain' }, 415, 'Content-Type'],
    [
      'an Idempotency-Key of 10,000 characters',
      good,
      { 'idempotency-key': 'k'.repeat(10_000) },
      422,
      'Idempotency-Key',
    ],
    ['an Idempotency-Key with a space', good, { 'idempotency-key': 'a b' }, 422, 'Idempotency-Key'],
    ['an empty Idempotency-Key', good, { 'idempotency-key': '' }, 422, 'Idempotency-Key'],
  ])('%s', async (_, body, headers, status, field) => {
    const { post, stored } = service();
    const response = await post(body, headers);
    expect(response.status).toBe(status);
    const { errors } = problem.parse(await response.json());
    if (field) expect(errors).toMatchObject([{ field }]);
    expect(stored.size).toBe(0);
  });
});

describe('the header Order-Style', () => {
  it('is refused, with the reason, where it is not allowed', async () => {
    const { post, stored } = service();
    const response = await post(good, { 'order-style': 'respond-first' });
    expect([response.status, stored.size]).toEqual([403, 0]);
    expect(problem.parse(await response.json())).toMatchObject({
      detail: expect.stringContaining('STYLE_OVERRIDE=allowed'),
      errors: [{ field: 'Order-Style' }],
    });
  });

  it('picks a style where it is allowed, and names the styles that there are when it names none of them', async () => {
    const { post, stored } = service(undefined, true);
    expect((await post(good, { 'order-style': 'respond-first' })).status).toBe(202);
    const response = await post(good, { 'order-style': 'Respond-First' });
    expect([response.status, stored.size]).toEqual([400, 1]);
    expect(problem.parse(await response.json()).errors).toEqual([
      { field: 'Order-Style', detail: expect.stringContaining('respond-first') },
    ]);
  });
});

describe('the synchronous style', () => {
  const style = { 'order-style': 'synchronous' };
  const refused = {
    who: {
      type: 'com.standing-order.consumer-refused.v1',
      data: { reasons: [{ code: 'CONSUMER_INACTIVE', detail: 'the consumer ada is not active', field: 'consumerId' }] },
    },
    what: {
      type: 'com.standing-order.order-details-refused.v1',
      data: { reasons: [{ code: 'RESTAURANT_CLOSED', detail: 'closed', field: 'restaurantId' }] },
    },
  } as const satisfies Verdicts;

  it('answers 201 with the verdict, and the same to whoever repeats the request', async () => {
    const { post, stored, app } = service(undefined, true);
    const first = await post(good, { ...style, 'idempotency-key': 'k' });
    const text = await first.text();
    const order = orderView.parse(JSON.parse(text));
    expect(first.status).toBe(201);
    expect(order).toMatchObject({ status: 'VALIDATED', total: { amount: 1800, currency: 'EUR' } });
    expect(first.headers.get('location')).toBe(`/orders/${order.id}`);
    expect(await (await app.request(`/orders/${order.id}`)).json()).toEqual(order);

    const again = await post(good, { ...style, 'idempotency-key': 'k' });
    expect([again.status, await again.text(), stored.size]).toEqual([201, text, 1]);
    const otherStyle = await post(good, { 'idempotency-key': 'k' });
    expect([otherStyle.status, await otherStyle.text(), stored.size]).toEqual([201, text, 1]);
    expect((await post(quantity(3), { ...style, 'idempotency-key': 'k' })).status).toBe(422);
  });

  it('leaves it to the store which of two requests with one key counts', async () => {
    const { post, stored } = service(undefined, true);
    const headers = { ...style, 'idempotency-key': 'k' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(good, headers)));
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect([new Set(bodies).size, stored.size]).toEqual([1, 1]);
  });

  it('knows an order by its key that was taken in another style', async () => {
    const { post, stored } = service(undefined, true);
    await post(good, { 'idempotency-key': 'k' });
    const response = await post(good, { ...style, 'idempotency-key': 'k' });
    expect([response.status, stored.size]).toEqual([202, 1]);
  });

  it.each<[string, Verdicts, string[]]>([
    ['the consumer', { ...yes, who: refused.who }, ['CONSUMER_INACTIVE']],
    ['both', refused, ['CONSUMER_INACTIVE', 'RESTAURANT_CLOSED']],
    [
      'the limit',
      { ...yes, who: { ...yes.who, data: { orderLimit: { amount: 1799, currency: 'EUR' } } } },
      ['ORDER_LIMIT_EXCEEDED'],
    ],
  ])('refused by %s: 422 with every reason, nothing stored', async (_, verdicts, codes) => {
    const { post, stored } = service(undefined, true, verdicts);
    const response = await post(good, style);
    expect([response.status, stored.size]).toEqual([422, 0]);
    expect(problem.parse(await response.json()).reasons?.map(({ code }) => code)).toEqual(codes);
  });

  it.each<[string, Verdicts, string[]]>([
    ['the consumer service', { what: yes.what }, ['consumer']],
    ['the restaurant service, whatever the other one says', { who: refused.who }, ['restaurant']],
    ['both', {}, ['consumer', 'restaurant']],
  ])('without %s: 503 that says so, nothing stored', async (_, verdicts, dependencies) => {
    const { post, stored } = service(undefined, true, verdicts);
    const response = await post(good, style);
    expect([response.status, response.headers.has('retry-after'), stored.size]).toEqual([503, true, 0]);
    expect(problem.parse(await response.json()).dependencies).toEqual(dependencies);
  });
});

describe('Prefer', () => {
  const refusal = { valid: false, token: { w: 'w', a: 1, t: 1 }, reasons: [] } as const;

  function reject(order: Order): Order {
    const answered = (['consumer', 'details'] as const).reduce((before, kind) => {
      const decision = decide(before, { kind, ...refusal }, start + 1000);
      return 'document' in decision ? decision.document : before;
    }, order);
    expect(answered.status).toBe('REJECTED');
    return answered;
  }

  /** A request that waits, and the order that it waits for. */
  async function waiting(world: ReturnType<typeof service>, send: () => Response | Promise<Response>) {
    const response = Promise.resolve(send());
    await vi.waitUntil(() => world.watching.size > 0);
    return { response, order: [...world.stored.values()][0] as Order };
  }

  it('wait: is answered with the final state as soon as it is heard of', async () => {
    const world = service();
    const { response, order } = await waiting(world, () => world.post(good, { prefer: 'wait=60' }));
    world.watching.get(order.id)?.(reject(order));
    const { status, headers } = await response;
    expect([status, headers.get('location')]).toEqual([200, `/orders/${order.id}`]);
    expect(headers.get('preference-applied')).toBe('wait=60');
    expect(orderView.parse(await (await response).json()).status).toBe('REJECTED');
    expect(world.watching.size).toBe(0);
  });

  it('wait: is answered with the final state that another replica has stored', async () => {
    const world = service();
    const { response, order } = await waiting(world, () => world.post(good, { prefer: 'wait=60' }));
    world.stored.set(order.id, reject(order));
    expect((await response).status).toBe(200);
  });

  it('wait: an order that is not decided in time is answered as ever', async () => {
    const { post } = service();
    const response = await post(good, { prefer: 'respond-async, wait=0' });
    expect([response.status, response.headers.get('preference-applied')]).toEqual([202, 'wait=0, respond-async']);
    const plain = await post(good, { prefer: 'wait=never' });
    expect([plain.status, plain.headers.has('preference-applied')]).toEqual([202, false]);
  });

  it('wait: GET answers as soon as there is a verdict', async () => {
    const world = service();
    await world.post(good);
    const [order] = [...world.stored.values()] as [Order];
    const { response } = await waiting(world, () =>
      world.app.request(`/orders/${order.id}`, { headers: { prefer: 'wait=60' } }),
    );
    world.watching.get(order.id)?.(reject(order));
    expect((await response).headers.get('preference-applied')).toBe('wait=60');
    expect(orderView.parse(await (await response).json()).status).toBe('REJECTED');
  });

  it('wait: where too many wait already, nobody more does', async () => {
    const world = service();
    const responses = [world.post(good, { prefer: 'wait=60' }), world.post(good, { prefer: 'wait=60' })];
    await vi.waitUntil(() => world.watching.size === 2);
    const third = await world.post(good, { prefer: 'wait=60' });
    expect([third.status, third.headers.has('preference-applied')]).toEqual([202, false]);
    for (const [id, tell] of world.watching) tell(reject(world.stored.get(id) as Order));
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('GET /orders/{id}', () => {
  it('has an ETag that spares a client what it knows already', async () => {
    const { post, app } = service();
    const { id } = orderView.parse(await (await post(good)).json());
    const etag = (await app.request(`/orders/${id}`)).headers.get('etag') ?? '';
    const again = await app.request(`/orders/${id}`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await app.request(`/orders/${id}`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it.each([
    ['a word', 'no-id'],
    ['a UUID of another version', '00000000-0000-0000-0000-000000000000'],
    ['a key with its prefix', 'a%7C%7Cb'],
    ['a control character', '%00'],
    ['2,000 characters', 'x'.repeat(2000)],
  ])('of %s, which is no id, is refused by name', async (_, id) => {
    const response = await service().app.request(`/orders/${id}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'id' }] });
  });

  it('of an order that nobody has placed is a 404', async () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect((await service().app.request(`/orders/${id}`)).status).toBe(404);
  });
});

describe('the administration', () => {
  it('lists the orders that are stuck', async () => {
    const response = await service().app.request('/orders/stuck');
    expect(await response.json()).toEqual({
      orders: [{ id: 'x', channels: ['consumer'], attempts: 8, since: '2026-01-01T00:00:00.000Z' }],
    });
  });

  it('retries one, if it exists', async () => {
    const { app, post } = service();
    const { id } = orderView.parse(await (await post(good)).json());
    const retry = (which: string) => app.request(`/orders/${which}/retry`, { method: 'POST' });
    expect((await retry(id)).status).toBe(202);
    expect((await retry('01890a5d-ac96-774b-bcce-b302099a8057')).status).toBe(404);
    expect((await retry('stuck')).status).toBe(404);
  });
});
