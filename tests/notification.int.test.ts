import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call, get, post } from './support/client.ts';
import { type Collector, type Span, startCollector } from './support/otlp.ts';
import { type Receiver, startReceiver, verifies } from './support/receiver.ts';
import { shopSubscription, useShop } from './support/shop.ts';
import { until } from './support/until.ts';
import { answersOk, CONSUMER, GOOD_ORDER, useWorld } from './support/world.ts';

let collector: Collector;
const world = useWorld(async () => {
  collector = await startCollector();
  const telemetry = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
  return {
    replicas: { order: 2, notification: 2 },
    env: { order: { ...telemetry, STYLE_OVERRIDE: 'allowed' }, notification: telemetry },
    resources: (resources) => [...resources, shopSubscription],
  };
});
afterAll(() => collector?.close());
const shop = useShop(world);
const BAD_ORDER = { ...GOOD_ORDER, lines: [{ itemId: 'moon-rock', quantity: 1 }] };
const ARRIVE_WITHIN_MS = 120_000;

const url = (path = '', replica = 0) => `${world().platform.urls.notification[replica]}/webhooks${path}`;
const eventOf = (orderId: string) => `settled-${orderId}`;

interface Registered {
  readonly id: string;
  readonly secret: string;
}

async function register(receiver: Receiver, more: object = {}): Promise<Registered> {
  const { status, body } = await post(url(), { url: receiver.url, ...more });
  expect(status).toBe(201);
  return body;
}

/** Resolves when these events have arrived, each with a good signature; rejects with those that have not. */
const arrive = (receiver: Receiver, { secret }: Registered, events: readonly string[]) =>
  until(
    'every event arrives',
    () => {
      const taken = receiver.taken(secret);
      return events.filter((event) => !taken.has(event));
    },
    (missing) => missing.length === 0,
    ARRIVE_WITHIN_MS,
  );

/** Resolves when the order service has nothing left to tell. */
const told = () =>
  until(
    'every settlement is noted',
    async () => {
      const texts = await Promise.all(
        world().platform.urls.order.map(async (base) => (await fetch(`${base}/metrics`)).text()),
      );
      return texts.map((text) => Number(/^outbox_in_flight(?:\{.*\})? (\d+)/m.exec(text)?.[1]));
    },
    (inFlight) => inFlight.every((count) => count === 0),
    ARRIVE_WITHIN_MS,
  );

let all: Receiver;
let hook: Registered;
beforeAll(async () => {
  all = await startReceiver();
  hook = await register(all, { description: 'everything' });
});

test('settled orders of each style reach every webhook that wants them', async () => {
  const refusals = await startReceiver();
  const others = await startReceiver();
  const refusalHook = await register(refusals, { events: ['order.rejected'] });
  await register(others, { consumerId: 'somebody-else' });
  const place = (style: string, order: object = GOOD_ORDER) =>
    post(`${world().platform.urls.order[0]}/orders`, order, { 'order-style': style });
  const [later, refused, atOnce, copied] = await Promise.all([
    place('respond-first'),
    place('respond-first', BAD_ORDER),
    place('synchronous'),
    place('replication'),
  ]);
  const bought = await post(`${shop().url}/purchases`, { id: 'bought', order: GOOD_ORDER });
  const placed = [later, refused, atOnce, copied].map((answer) => (answer as Answer).body.id);
  const ids: string[] = [...placed, bought.body.order.id];
  await arrive(all, hook, ids.map(eventOf));
  await arrive(refusals, refusalHook, [eventOf(refused?.body.id)]);

  const bodies = new Map(all.arrived.map(({ id, body }) => [id, JSON.parse(body)]));
  for (const id of ids) {
    const rejected = id === refused?.body.id;
    expect(bodies.get(eventOf(id))).toMatchObject({
      type: rejected ? 'order.rejected' : 'order.validated',
      data: { orderId: id, consumerId: CONSUMER, status: rejected ? 'REJECTED' : 'VALIDATED' },
    });
  }
  expect(bodies.get(eventOf(placed[1]))?.data.reasons).toMatchObject([{ code: 'ITEM_NOT_ON_MENU' }]);
  expect(bodies.get(eventOf(placed[0]))?.data.total).toEqual({ amount: 1_900, currency: 'EUR' });
  expect([...new Set(refusals.arrived.map(({ id }) => id))]).toEqual([eventOf(refused?.body.id)]);
  expect(others.arrived).toEqual([]);
});

test('telling a webhook is part of the trace of the order', async () => {
  const [traceId, client] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  const [answer] = await world().place(1, { headers: { traceparent: `00-${traceId}-${client}-01` } });
  await arrive(all, hook, [eventOf(answer?.body.id)]);
  const below = (parent: Span | undefined, name: string) =>
    collector.spans.find(
      (span) => span.traceId === traceId && span.parentSpanId === parent?.spanId && span.name === name,
    );
  const request = () => collector.spans.find(({ parentSpanId }) => parentSpanId === client);
  const seen = await until(
    'the whole way',
    () => {
      const sent = below(request(), 'send order-settled');
      const heard = below(sent, 'process order-settled');
      return [sent, heard, below(heard, 'deliver order.validated'), below(heard, 'send order-replies')];
    },
    (spans) => spans.every((span) => span !== undefined),
  );
  expect(seen.map((span) => span?.service)).toEqual(['order', 'notification', 'notification', 'notification']);
});

describe('every settled order arrives when in the middle of it is killed', () => {
  test.each([
    ['the notification service', ['notification-1', 'notification-2']],
    ['its sidecar', ['notification-1-dapr', 'notification-2-dapr']],
    ['the broker', ['redis-broker']],
    ['the order service', ['order-1', 'order-2']],
  ])('%s', async (_, parts) => {
    const { platform, place } = world();
    const before = all.arrived.length;
    const placing = place(40).catch(() => []);
    await until(
      'some have arrived',
      () => all.arrived.length - before,
      (count) => count >= 3,
    );
    await Promise.all(parts.map((part) => platform.kill(part)));
    const placed = await placing;
    for (const part of parts) await platform.start(part);
    await platform.ready();
    await world().allDecided();
    const ids = [...new Set([...world().acknowledged, ...placed.flatMap(({ body }) => body?.id ?? [])])];
    expect(ids.length).toBeGreaterThanOrEqual(3);
    await arrive(all, hook, ids.map(eventOf));
    await told();
  });

  test('whoever delivers, for good: the other replica goes on', async () => {
    for (const replica of [1, 2]) {
      await world().platform.kill(`notification-${replica}`);
      const [answer] = await world().place(1);
      await arrive(all, hook, [eventOf(answer?.body.id)]);
      await world().platform.start(`notification-${replica}`);
      await answersOk(`${world().platform.urls.notification[replica - 1]}/readyz`);
    }
  });

  test('and no event has two contents', () => {
    const bodies = new Map<string, Set<string>>();
    for (const { id, body } of all.arrived) bodies.set(id, (bodies.get(id) ?? new Set()).add(body));
    expect([...bodies.values()].filter(({ size }) => size > 1)).toEqual([]);
  });
});

test('what a receiver missed while it was down arrives when it is up, and the delivery log tells of both', async () => {
  await all.down();
  const answers = await world().place(3);
  const events = answers.map(({ body }) => eventOf(body.id));
  const { body: list } = await until(
    'each was tried',
    () => get(url(`/${hook.id}/deliveries`, 1)),
    ({ body }) =>
      events.every((id) => body.open.some((open: { eventId: string; at?: string }) => open.eventId === id && open.at)),
    ARRIVE_WITHIN_MS,
  );
  expect(list.open[0]).toMatchObject({ status: 'open', error: 'ECONNREFUSED' });
  await all.up();
  await arrive(all, hook, events);
  await until(
    'the log tells of it',
    async () => (await get(url(`/${hook.id}/deliveries`))).body,
    ({ open, finished }) =>
      open.length === 0 &&
      events.every((id) =>
        finished.some(
          (past: Record<string, unknown>) =>
            past.eventId === id && past.status === 'delivered' && Number(past.attempts) > 1,
        ),
      ),
  );
});

test('an event is sent again by hand, under its own id', async () => {
  const [answer] = await world().place(1);
  const event = eventOf(answer?.body.id);
  await arrive(all, hook, [event]);
  const count = () => all.arrived.filter(({ id }) => id === event).length;
  const before = count();
  const again = () => post(url(`/${hook.id}/deliveries/${event}/redeliver`), undefined);
  await until('it is in the log', again, ({ status }) => status === 202);
  await until('it arrives again', count, (now) => now > before);
  const unknown = `settled-${crypto.randomUUID()}`;
  expect(await post(url(`/${hook.id}/deliveries/${unknown}/redeliver`), undefined)).toMatchObject({ status: 404 });
});

test('after a rotation deliveries verify with the old and with the new secret', async () => {
  const { status, body } = await post(url(`/${hook.id}/secret`), undefined);
  expect(status).toBe(200);
  const secrets = [hook.secret, body.secret].map((secret: string) => new Webhook(secret));
  // The other replica may deliver with what it knew a moment before.
  await until(
    'a delivery with both signatures',
    async () => {
      const [answer] = await world().place(1);
      const event = eventOf(answer?.body.id);
      await arrive(all, hook, [event]);
      return all.arrived.find(({ id }) => id === event);
    },
    (arrived) => arrived !== undefined && secrets.every((secret) => verifies(secret, arrived.body, arrived.headers)),
  );
  hook = { ...hook, secret: body.secret };
});

test('a receiver that is gone for good disables its webhook, until somebody enables it', async () => {
  const receiver = await startReceiver();
  receiver.answer = 410;
  const gone = await register(receiver);
  const [answer] = await world().place(1);
  const look = async () => (await get(url(`/${gone.id}`))).body;
  const seen = await until('it is disabled', look, ({ status }) => status === 'disabled');
  expect(seen.disabled).toMatchObject({ reason: 'gone' });
  receiver.answer = 200;
  expect(await post(url(`/${gone.id}/enable`), undefined)).toMatchObject({ status: 200, body: { status: 'enabled' } });
  await arrive(receiver, gone, [eventOf(answer?.body.id)]);
});

test('a deleted webhook is told nothing more and leaves nothing behind', async () => {
  const receiver = await startReceiver();
  const { id, secret } = await register(receiver);
  const [first] = await world().place(1);
  await arrive(receiver, { id, secret }, [eventOf(first?.body.id)]);
  expect((await call('DELETE', url(`/${id}`))).status).toBe(204);
  expect((await get(url(`/${id}`))).status).toBe(404);
  await until(
    'nothing of it is stored',
    async () => (await world().state.keys()).filter((key) => key.includes(id)),
    (keys) => keys.length === 0,
  );
  const before = receiver.arrived.length;
  const [second] = await world().place(1);
  await arrive(all, hook, [eventOf(second?.body.id)]);
  expect(receiver.arrived).toHaveLength(before);
});

test.each([
  ['nonsense', 'is no URL'],
  ['ftp://example.com/', 'must start with https:// or http://'],
  ['http://127.0.0.2:9/', 'leads to 127.0.0.2, which is not allowed'],
  ['http://[::1]:9/', 'leads to ::1, which is not allowed'],
  ['https://0xA9FEA9FE/', 'leads to 169.254.169.254, which is not allowed'],
])('a webhook at %s is refused, and nothing is stored', async (to, detail) => {
  const before = (await get(url())).body.webhooks.length;
  expect(await post(url(), { url: to })).toMatchObject({ status: 422, body: { errors: [{ field: 'url', detail }] } });
  expect((await get(url())).body.webhooks).toHaveLength(before);
});
