import { randomBytes } from 'node:crypto';
import type { BrokerKind } from '@standing-order/local';
import { afterAll, expect, test, vi } from 'vitest';
import { get, post } from './support/client.ts';
import { type Collector, type Span, startCollector } from './support/otlp.ts';
import { shopSubscription, useShop } from './support/shop.ts';
import { until } from './support/until.ts';
import { GOOD_ORDER, useWorld } from './support/world.ts';

/** A span and what is below it; siblings in any order. */
type Tree = readonly [span: string, ...below: Tree[]];

/** How a message is seen: sent, delivered by its receiver's sidecar, and handled there, with what follows from that. */
const message = (from: string, topic: string, to: string, ...follows: Tree[]): Tree => [
  `${from}: send ${topic}`,
  [`${to} (dapr): pubsub/${topic}`],
  [`${to}: process ${topic}`, ...follows],
];
const question = (validator: 'consumer' | 'restaurant'): Tree =>
  message('order', `${validator}-commands`, validator, message(validator, 'order-replies', 'order'));

/** What a service asks its own sidecar, which the sidecar sees as well. */
const call = (from: string, method: string, path: string, ...below: Tree[]): Tree => [
  `${from}: ${method}`,
  [`${from} (dapr): ${path}`, ...below],
];
const directQuestion = (validator: 'consumer' | 'restaurant'): Tree =>
  call('order', 'POST', `CallLocal/${validator}/validations`, [
    `${validator} (dapr): CallLocal/${validator}/validations`,
    [`${validator}: POST /validations`, call(validator, 'POST', '/v1.0/state/state/bulk')],
  ]);

const COMMIT: Tree = ['order: commit'];
/** An order is told of until whoever has to know has said so; then it is done. */
const SETTLED: readonly Tree[] = [
  ['order: settle'],
  message('order', 'order-settled', 'notification', message('notification', 'order-replies', 'order')),
];

/** What an order leaves behind in each style, when nothing goes wrong. */
const trees = {
  'respond-first': ['order: POST /orders', COMMIT, question('consumer'), question('restaurant'), ...SETTLED],
  synchronous: ['order: POST /orders', directQuestion('consumer'), directQuestion('restaurant'), COMMIT, ...SETTLED],
  replication: ['order: POST /orders', COMMIT, ...SETTLED],
} as const satisfies Record<string, Tree>;

const MESSAGING: Tree = [
  'shop: POST /purchases',
  // The list of its requests, read and written, then the request.
  call('shop', 'GET', '/v1.0/state/state/order-requests:shop'),
  call('shop', 'POST', '/v1.0/state/state'),
  call('shop', 'POST', '/v1.0/state/state'),
  message(
    'shop',
    'order-requests',
    'order',
    COMMIT,
    question('consumer'),
    question('restaurant'),
    ...SETTLED,
    message('order', 'order-outcomes-shop', 'shop', message('shop', 'order-replies', 'order')),
  ),
];

/** Asserts the whole trace of one order in each style, on one broker. */
export function traceOrders(broker: BrokerKind): void {
  let collector: Collector;
  // Hooks run in reverse: the platform is stopped first, and sends its last spans.
  afterAll(() => collector?.close());
  const world = useWorld(async () => {
    collector = await startCollector();
    // Every part inherits these.
    Object.assign(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    });
    return {
      broker,
      replicas: { order: 2, notification: 1 },
      env: { order: { STYLE_OVERRIDE: 'allowed', REPLICA_STALENESS_MS: '60000' } },
      resources: (resources) => [...resources, shopSubscription],
    };
  });
  const shop = useShop(world);

  const comparisons: (() => void)[] = [];

  const orderUrl = () => world().platform.urls.order[0];

  /** A trace that starts at a client. */
  function newTrace() {
    const [traceId, client] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
    const spans = () => collector.spans.filter((span) => span.traceId === traceId);
    return {
      headers: { traceparent: `00-${traceId}-${client}-01` },
      spans,
      sends: (topic: string) => spans().filter(({ name }) => name === `send ${topic}`),
      /** Waits until the trace is this tree, with nothing beside it, now and when it is looked at again. */
      async is(tree: Tree): Promise<void> {
        const expected = linesOf(tree);
        const compare = () => {
          expect(linesBelow(client, spans())).toEqual(expected);
          expect(spans()).toHaveLength(expected.length);
        };
        comparisons.push(compare);
        await vi.waitFor(compare, { timeout: 60_000, interval: 100 });
        expect(spans().flatMap(conventionFaults)).toEqual([]);
      },
    };
  }

  test.each(Object.entries(trees))('%s', async (style, tree) => {
    const replicas = async () => (await get(`${orderUrl()}/replicas`)).body;
    await until('copies are fresh', replicas, ({ consumer, restaurant }) => consumer.fresh && restaurant.fresh);
    const trace = newTrace();
    const { status } = await post(`${orderUrl()}/orders`, GOOD_ORDER, { ...trace.headers, 'order-style': style });
    expect([201, 202]).toContain(status);
    await trace.is(tree);

    // What is done for many orders at once is in no order's trace, and is linked to each of them.
    const [batch] = trace.spans().find(({ name }) => name === 'commit')?.links ?? [];
    expect(batch).toBeDefined();
    expect(trace.spans().map(({ traceId }) => traceId)).not.toContain(batch?.traceId);
  });

  test('messaging', async () => {
    const trace = newTrace();
    const purchase = { id: 'traced', order: GOOD_ORDER };
    expect((await post(`${shop().url}/purchases`, purchase, trace.headers)).status).toBe(200);
    await trace.is(MESSAGING);
  });

  // Before anything dies: what a broker hands out again then is in its order's trace, too.
  test('nothing was added to any of these traces afterwards', () => {
    expect(comparisons).toHaveLength(Object.keys(trees).length + 1);
    for (const compare of comparisons) compare();
  });

  test('respond-first, with a command that is sent again and a replica that dies in between', async () => {
    const { platform } = world();
    const trace = newTrace();
    const commandsSent = (count: number) =>
      until(
        `${count} commands`,
        () => trace.sends('consumer-commands'),
        ({ length }) => length >= count,
      );
    // Commands wait at the broker then, and come once each when it is back.
    await platform.kill('consumer-1-dapr');
    const { status, body } = await post(`${orderUrl()}/orders`, GOOD_ORDER, trace.headers);
    expect(status).toBe(202);
    const before = await commandsSent(2);
    await Promise.all(['order-1', 'order-1-dapr'].map((part) => platform.kill(part)));
    await commandsSent(before.length + 1);
    await platform.start('consumer-1-dapr');
    const decided = () => get(`${world().platform.urls.order[1]}/orders/${body.id}`);
    await until('the verdict', decided, (answer) => answer.body.status === 'VALIDATED', 60_000);

    const sends = trace.sends('consumer-commands');
    const [taker] = before;
    expect(before.map(({ instance }) => instance)).toEqual(before.map(() => taker?.instance));
    for (const { instance } of sends.slice(before.length)) expect(instance).not.toBe(taker?.instance);
    // However often it was sent: each of them was handled.
    const more = sends.slice(1).map(() => question('consumer'));
    await trace.is([...trees['respond-first'], ...more]);
  });
}

/** A line for each span, indented by depth, siblings in the order of what they say. */
function linesOf([span, ...below]: Tree): string[] {
  return [span, ...sorted(below.map(linesOf)).map((line) => `  ${line}`)];
}

function linesBelow(parentSpanId: string, spans: readonly Span[]): string[] {
  const siblings = spans.filter((span) => span.parentSpanId === parentSpanId);
  return sorted(
    siblings.map(({ service, name, spanId }) => [
      `${service}: ${name}`,
      ...linesBelow(spanId, spans).map((line) => `  ${line}`),
    ]),
  );
}

const sorted = (subtrees: readonly string[][]): string[] =>
  subtrees.toSorted((a, b) => (a.join('\n') < b.join('\n') ? -1 : 1)).flat();

/** Kinds of spans, as OTLP numbers them. */
const kinds: Readonly<Record<string, number>> = { send: 4, process: 5 };

/** What a span lacks of OpenTelemetry's conventions for messaging. */
function conventionFaults({ name, service, kind, attributes }: Span): string[] {
  const [operation = '', topic = ''] = name.split(' ');
  if (kinds[operation] === undefined) return [];
  const due = {
    'messaging.system': 'dapr',
    'messaging.destination.name': topic,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
  };
  const faults = Object.entries(due).filter(([key, value]) => attributes[key] !== value);
  const ids = ['messaging.message.id', 'cloudevents.event_id'].filter((key) => !attributes[key]);
  return [...faults.map(([key]) => key), ...ids, ...(kind === kinds[operation] ? [] : ['kind'])].map(
    (fault) => `${service}: ${name}: ${fault}`,
  );
}
