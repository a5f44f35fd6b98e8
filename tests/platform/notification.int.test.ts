import { randomBytes } from 'node:crypto';
import { poll } from '@standing-order/testing/poll';
import { Webhook } from 'standardwebhooks';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { call, get, post } from '../support/client.ts';
import { type Collector, type Span, startCollector } from '../support/otlp.ts';
import { answersOk, usePlatform } from '../support/platform-fixture.ts';
import { startReceiver, verifies } from '../support/receiver.ts';
import { connectRedis } from '../support/redis.ts';
import { shopSubscription, useShop } from '../support/shop.ts';
import { ARRIVE_WITHIN_MS, arrive, useWebhooks } from '../support/webhooks.ts';
import { everyDecidedOrderArrives } from './notification.ts';

let collector: Collector;
const fixture = usePlatform(async () => {
  collector = await startCollector();
  const telemetry = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: collector.headers,
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
const webhooks = useWebhooks(fixture);
const url = (path = '', replica = 0) => webhooks().url(path, replica);

everyDecidedOrderArrives(fixture, useShop(fixture), webhooks, [
  ['the notification service', ['notification-1', 'notification-2']],
  ['its sidecar', ['notification-1-dapr', 'notification-2-dapr']],
  ['the broker', ['redis-broker']],
  ['the state store', ['redis-state']],
  ['the order service', ['order-1', 'order-2']],
]);

test('a webhook delivery is part of the order’s trace', async () => {
  const { all, hook } = webhooks();
  const [traceId, client] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  const [answer] = await fixture().place(1, { headers: { traceparent: `00-${traceId}-${client}-01` } });
  await arrive(all, hook, [answer?.body.id]);
  const below = (parent: Span | undefined, name: string) =>
    collector.spans.find(
      (span) => span.traceId === traceId && span.parentSpanId === parent?.spanId && span.name === name,
    );
  const request = () => collector.spans.find(({ parentSpanId }) => parentSpanId === client);
  const seen = await poll(
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

test('the other replica continues the deliveries of a killed replica', async () => {
  const { all, hook } = webhooks();
  for (const replica of [1, 2]) {
    await fixture().platform.kill(`notification-${replica}`);
    const [answer] = await fixture().place(1);
    await arrive(all, hook, [answer?.body.id]);
    await fixture().platform.start(`notification-${replica}`);
    await answersOk(`${fixture().platform.urls.notification[replica - 1]}/readyz`);
  }
});

test('events are delivered when a receiver is up again, and the delivery log has both attempts', async () => {
  const { all, hook } = webhooks();
  await all.down();
  const answers = await fixture().place(3);
  const orders: string[] = answers.map(({ body }) => body.id);
  const isEventOf = (order: string, { eventId }: { eventId: string }) => eventId.startsWith(`settled-${order}-`);
  const { body: list } = await poll(
    'each was tried',
    () => get(url(`/${hook.id}/deliveries`, 1)),
    ({ body }) =>
      orders.every((id) => body.open.some((open: { eventId: string; at?: string }) => isEventOf(id, open) && open.at)),
    ARRIVE_WITHIN_MS,
  );
  expect(list.open[0]).toMatchObject({ status: 'open', error: 'ECONNREFUSED' });
  await all.up();
  await arrive(all, hook, orders);
  await poll(
    'the log has the attempt',
    async () => (await get(url(`/${hook.id}/deliveries`))).body,
    ({ open, finished }) =>
      open.length === 0 &&
      orders.every((id) =>
        finished.some(
          (past: { eventId: string; status: string; attempts: number }) =>
            isEventOf(id, past) && past.status === 'delivered' && past.attempts > 1,
        ),
      ),
  );
});

test('an event is redelivered on request, with its own id', async () => {
  const { all, hook } = webhooks();
  const [answer] = await fixture().place(1);
  await arrive(all, hook, [answer?.body.id]);
  const event = all.arrived.find(({ orderId }) => orderId === answer?.body.id)?.id;
  const count = () => all.arrived.filter(({ id }) => id === event).length;
  const before = count();
  const again = () => post(url(`/${hook.id}/deliveries/${event}/redeliver`), undefined);
  await poll('it is in the log', again, ({ status }) => status === 202);
  await poll('it arrives again', count, (now) => now > before);
  const unknown = `settled-${crypto.randomUUID()}`;
  expect(await post(url(`/${hook.id}/deliveries/${unknown}/redeliver`), undefined)).toMatchObject({ status: 404 });
});

test('after a rotation deliveries verify with the old and with the new secret', async () => {
  const { all, hook } = webhooks();
  const { status, body } = await post(url(`/${hook.id}/secret`), undefined);
  expect(status).toBe(200);
  const secrets = [hook.secret, body.secret].map((secret: string) => new Webhook(secret));
  // The other replica may still deliver with the previous secrets.
  await poll(
    'a delivery with both signatures',
    async () => {
      const [answer] = await fixture().place(1);
      await arrive(all, hook, [answer?.body.id]);
      return all.arrived.find(({ orderId }) => orderId === answer?.body.id);
    },
    (arrived) => arrived !== undefined && secrets.every((secret) => verifies(secret, arrived.body, arrived.headers)),
  );
  webhooks().hook = { ...hook, secret: body.secret };
});

test('the state store holds no secret in the clear', async () => {
  const redis = await connectRedis(fixture().platform.stores.state);
  onTestFinished(() => redis.destroy());
  const stored = await redis.hGet('notification||webhooks', 'data');
  expect(stored).toContain(webhooks().hook.id);
  expect(stored).not.toContain('whsec_');
});

test('a receiver that fails for good disables its webhook until it is enabled by request', async () => {
  const receiver = await startReceiver();
  receiver.answer = 410;
  const gone = await webhooks().register(receiver);
  const [answer] = await fixture().place(1);
  const look = async () => (await get(url(`/${gone.id}`))).body;
  const seen = await poll('it is disabled', look, ({ status }) => status === 'disabled');
  expect(seen.disabled).toMatchObject({ reason: 'gone' });
  receiver.answer = 200;
  expect(await post(url(`/${gone.id}/enable`), undefined)).toMatchObject({ status: 200, body: { status: 'enabled' } });
  await arrive(receiver, gone, [answer?.body.id]);
});

test('a deleted webhook gets no event and leaves no document', async () => {
  const { all, hook, register } = webhooks();
  const receiver = await startReceiver();
  const { id, secret } = await register(receiver);
  const [first] = await fixture().place(1);
  await arrive(receiver, { id, secret }, [first?.body.id]);
  expect((await call('DELETE', url(`/${id}`))).status).toBe(204);
  expect((await get(url(`/${id}`))).status).toBe(404);
  await poll(
    'no part of it is stored',
    async () => (await fixture().state.keys()).filter((key) => key.includes(id)),
    (keys) => keys.length === 0,
  );
  const before = receiver.arrived.length;
  const [second] = await fixture().place(1);
  await arrive(all, hook, [second?.body.id]);
  expect(receiver.arrived).toHaveLength(before);
});

test.each([
  ['nonsense', 'must be a valid URL'],
  ['ftp://example.com/', 'must start with https:// or http://'],
  ['http://127.0.0.2:9/', 'must not point to 127.0.0.2'],
  ['http://[::1]:9/', 'must not point to ::1'],
  ['https://0xA9FEA9FE/', 'must not point to 169.254.169.254'],
])('a webhook at %s is refused and not stored', async (to, detail) => {
  const before = (await get(url())).body.webhooks.length;
  expect(await post(url(), { url: to })).toMatchObject({ status: 422, body: { errors: [{ field: 'url', detail }] } });
  expect((await get(url())).body.webhooks).toHaveLength(before);
});
