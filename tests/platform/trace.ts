import { randomBytes } from 'node:crypto';
import { orderLane } from '@standing-order/contracts';
import type { BrokerKind } from '@standing-order/local';
import { waitUntil } from '@standing-order/testing/wait-until';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { get, post } from '../support/client.ts';
import { type Collector, startCollector } from '../support/otlp.ts';
import { shopSubscription, useShop } from '../support/shop.ts';
import { call, conventionFaults, linesBelow, linesOf, message, type Tree } from '../support/tree.ts';
import { GOOD_ORDER, useWorld } from '../support/world.ts';

/** Messages of an order, by topic. */
const question = (validator: 'consumer' | 'restaurant'): Tree =>
  message('order', `${validator}-commands`, validator, message(validator, 'order-replies', 'order'));
/** An order is told of until whoever has to know has said so; then it is done. */
const TOLD = message('order', 'order-settled', 'notification', message('notification', 'order-replies', 'order'));
const OUTCOME = message('order', 'order-outcomes-shop', 'shop', message('shop', 'order-replies', 'order'));

const directQuestion = (validator: 'consumer' | 'restaurant'): Tree =>
  call('order', 'POST', `CallLocal/${validator}/validations`, [
    `${validator} (dapr): CallLocal/${validator}/validations`,
    [`${validator}: POST /validations`, call(validator, 'POST', '/v1.0/state/state/bulk')],
  ]);

const COMMIT: Tree = ['order: commit'];
/** The commit finds the order there. */
const ASKED_AGAIN = message('shop', 'order-requests', 'order', COMMIT);
const SETTLE: Tree = ['order: settle'];
const SETTLED: readonly Tree[] = [SETTLE, TOLD];
const VALIDATED_BY_MESSAGE: readonly Tree[] = [COMMIT, question('consumer'), question('restaurant'), ...SETTLED];

/** What an order that is decided when it is stored leaves behind until then. */
const decidedAtOnce = {
  synchronous: ['order: POST /orders', directQuestion('consumer'), directQuestion('restaurant'), COMMIT],
  replication: ['order: POST /orders', COMMIT],
} as const satisfies Record<string, Tree>;

/** What an order leaves behind in each style, when nothing goes wrong. */
const trees = {
  'respond-first': ['order: POST /orders', ...VALIDATED_BY_MESSAGE],
  synchronous: [...decidedAtOnce.synchronous, ...SETTLED],
  replication: [...decidedAtOnce.replication, ...SETTLED],
} as const satisfies Record<string, Tree>;

/** The request comes as a message, which the order's own spans are below. */
const messaging = (requestId: string, ...more: readonly Tree[]): Tree => [
  'shop: POST /purchases',
  // Whether it is known, the list of requests, read and written, then the request.
  call('shop', 'GET', `/v1.0/state/state/order-request:shop:${requestId}`),
  call('shop', 'GET', '/v1.0/state/state/order-requests:shop'),
  call('shop', 'POST', '/v1.0/state/state'),
  call('shop', 'POST', '/v1.0/state/state'),
  message('shop', 'order-requests', 'order', ...VALIDATED_BY_MESSAGE, OUTCOME, ...more),
];

/**
 * Takes the order into the set if it has a lane of its own there: as long as nothing is answered, only the oldest message of
 * a lane is sent again.
 */
type TakeApart = (orderId: string) => boolean;
function createTakeApart(): TakeApart {
  const lanes = new Set<number>();
  return (orderId) => {
    const before = lanes.size;
    return lanes.add(orderLane(orderId)).size > before;
  };
}

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
  // Kafka hands out again what is under way while sidecars still join their group.
  beforeAll(async () => {
    await world().place(20);
    await world().allDecided();
  });

  const comparisons: (() => void)[] = [];

  /** A trace that starts at a client. */
  function newTrace() {
    const [traceId, client] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
    const spans = () => collector.spans.filter((span) => span.traceId === traceId);
    return {
      headers: { traceparent: `00-${traceId}-${client}-01` },
      spans,
      /** Which processes have sent on a topic, each time. */
      senders: (topic: string) =>
        spans()
          .filter(({ name }) => name === `send ${topic}`)
          .map(({ instance }) => instance),
      /** Waits until the trace is this tree, with nothing beside it, now and when it is looked at again. */
      async is(tree: () => Tree): Promise<void> {
        const compare = () => {
          const expected = linesOf(tree());
          expect(linesBelow(client, spans())).toEqual(expected);
          expect(spans()).toHaveLength(expected.length);
        };
        comparisons.push(compare);
        await vi.waitFor(compare, { timeout: 60_000, interval: 100 });
        expect(spans().flatMap(conventionFaults)).toEqual([]);
      },
    };
  }
  type Trace = ReturnType<typeof newTrace>;

  const place = (trace: Trace, style: string, order: object = GOOD_ORDER) =>
    post(`${world().platform.urls.order[0]}/orders`, order, { ...trace.headers, 'order-style': style });
  const buy = (trace: Trace, id: string) => post(`${shop().url}/purchases`, { id, order: GOOD_ORDER }, trace.headers);

  async function untilFresh(): Promise<void> {
    const replicas = async () => (await get(`${world().platform.urls.order[0]}/replicas`)).body;
    await waitUntil('copies are fresh', replicas, ({ consumer, restaurant }) => consumer.fresh && restaurant.fresh);
  }

  test.each(Object.entries(trees))('%s', async (style, tree) => {
    await untilFresh();
    const trace = newTrace();
    expect([201, 202]).toContain((await place(trace, style)).status);
    await trace.is(() => tree);

    // What is done for many orders at once is in no order's trace, and is linked to each of them.
    const [batch] = trace.spans().find(({ name }) => name === 'commit')?.links ?? [];
    expect(batch).toBeDefined();
    expect(trace.spans().map(({ traceId }) => traceId)).not.toContain(batch?.traceId);
  });

  test('messaging', async () => {
    const trace = newTrace();
    expect((await buy(trace, 'traced')).status).toBe(200);
    await trace.is(() => messaging('traced'));
  });

  // Before anything dies: what a broker hands out again then is in its order's trace, too.
  test('nothing was added to any of these traces afterwards', () => {
    expect(comparisons).toHaveLength(Object.keys(trees).length + 1);
    for (const compare of comparisons) compare();
  });

  /**
   * One platform, one death, an order of each style that has something left to send then. An order that is decided when it is
   * stored (synchronous; replication on fresh copies) has asked nobody by message, so there is no question of it to send
   * again or to take over: what remains is to tell that it is settled.
   */
  test('each style, with messages that are sent again and a replica that dies in between', async () => {
    const { platform } = world();
    const takeApart = createTakeApart();
    const placeApart = async (style: string, order?: object) => {
      for (;;) {
        const trace = newTrace();
        const answer = await place(trace, style, order);
        if (takeApart(answer.body.id)) return { trace, answer };
      }
    };
    const settledAtOnce: { style: 'synchronous' | 'replication'; trace: Trace }[] = [];
    await untilFresh();

    // Messages wait at the broker while their receiver's sidecar is down, and come once each when it is back.
    await platform.kill('notification-1-dapr');
    for (const style of ['synchronous', 'replication'] as const) {
      const { trace, answer } = await placeApart(style);
      expect(answer).toMatchObject({ status: 201, body: { status: 'VALIDATED' } });
      await trace.is(() => [...decidedAtOnce[style], SETTLE, ['order: send order-settled']]);
      settledAtOnce.push({ style, trace });
    }
    await platform.kill('consumer-1-dapr');
    const respondFirst = await placeApart('respond-first');
    // Nobody knows this consumer here, so the order goes on as in respond-first.
    const replicated = await placeApart('replication', { ...GOOD_ORDER, consumerId: 'nobody' });
    const asked = [respondFirst, replicated];
    for (const { answer } of asked) expect(answer).toMatchObject({ status: 202, body: { status: 'PENDING' } });
    const taker = () => respondFirst.trace.spans().find(({ name }) => name === 'POST /orders')?.instance;
    const { trace: bought, id: requestId } = await boughtAt(taker, takeApart);

    const waiting: readonly [Trace, string][] = [
      ...[...asked, { trace: bought }].map(({ trace }): [Trace, string] => [trace, 'consumer-commands']),
      ...settledAtOnce.map(({ trace }): [Trace, string] => [trace, 'order-settled']),
    ];
    const senders = () => waiting.map(([trace, topic]) => trace.senders(topic));
    const before = await waitUntil('each is sent again', senders, (all) => all.every(({ length }) => length >= 2));
    expect(new Set(before.flat())).toEqual(new Set([taker()]));
    await Promise.all(['order-1', 'order-1-dapr'].map((part) => platform.kill(part)));
    await waitUntil('each is sent by another one', senders, (all) =>
      all.every((by) => by.some((who) => who !== taker())),
    );
    shop().thaw();
    const commits = () => bought.spans().filter(({ name }) => name === 'commit');
    await waitUntil('the shop has asked again', commits, ({ length }) => length > 1);
    await Promise.all(['consumer-1-dapr', 'notification-1-dapr'].map((part) => platform.start(part)));

    // However often something was sent: each of them was handled, and nothing else came of it.
    for (const { style, trace } of settledAtOnce) await trace.is(() => [...trees[style], ...again(trace, TOLD)]);
    const more = (trace: Trace) => again(trace, question('consumer'), question('restaurant'), TOLD);
    for (const { trace } of asked) await trace.is(() => [...trees['respond-first'], ...more(trace)]);
    await bought.is(() => [
      ...messaging(requestId, ...more(bought), ...again(bought, OUTCOME)),
      ...again(bought, ASKED_AGAIN),
    ]);

    const verdictOf = (id: string) => get(`${platform.urls.order[1]}/orders/${id}`);
    const verdicts = asked.map(async ({ answer }) => (await verdictOf(answer.body.id)).body);
    expect((await Promise.all(verdicts)).map(({ status }) => status)).toEqual(['VALIDATED', 'REJECTED']);
  });

  /**
   * Buys by message until the request is taken by this process, with a lane of its own, and freezes the shop: whichever replica
   * it asked again would work on the order from then on, and have nothing to take over.
   */
  async function boughtAt(
    taker: () => string | undefined,
    takeApart: TakeApart,
  ): Promise<{ trace: Trace; id: string }> {
    for (let n = 0; ; n++) {
      const trace = newTrace();
      // Nobody answers before the consumer's sidecar is back.
      const id = `bought-${n}`;
      buy(trace, id).catch(() => undefined);
      const commit = await waitUntil(
        'the request is taken',
        () => trace.spans().find(({ name }) => name === 'commit'),
        (span) => span !== undefined && taker() !== undefined,
      );
      if (commit?.instance !== taker() || !takeApart(String(commit?.attributes['order.id']))) continue;
      shop().freeze();
      return { trace, id };
    }
  }

  /** What a trace has of these messages beyond the first one each. */
  const again = (trace: Trace, ...messages: readonly Tree[]): Tree[] =>
    messages.flatMap((sent) => {
      const topic = sent[0].split('send ')[1] ?? '';
      return trace
        .senders(topic)
        .slice(1)
        .map(() => sent);
    });
}
