import { randomBytes } from 'node:crypto';
import { orderLane } from '@standing-order/contracts';
import type { BrokerKind } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { get, post } from '../support/client.ts';
import { type Collector, startCollector } from '../support/otlp.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { shopSubscription, useShop } from '../support/shop.ts';
import { call, conventionFaults, isDelivery, linesBelow, linesOf, message, rpc, type Tree } from '../support/tree.ts';

/** The messages of an order, by topic. */
const question = (validator: 'consumer' | 'restaurant'): Tree =>
  message('order', `${validator}-commands`, validator, message(validator, 'order-replies', 'order'));
/** An outcome is sent until its receiver has confirmed it; then the order is complete. */
const TOLD = message('order', 'order-settled', 'notification', message('notification', 'order-replies', 'order'));
const OUTCOME = message('order', 'order-outcomes-shop', 'shop', message('shop', 'order-confirmations', 'order'));

const directQuestion = (validator: 'consumer' | 'restaurant'): Tree =>
  call('order', 'POST', `CallLocal/${validator}/validations`, [
    `${validator} (dapr): CallLocal/${validator}/validations`,
    [`${validator}: POST /validations`, rpc(validator, 'GetBulkState')],
  ]);

const COMMIT: Tree = ['order: commit'];
/** The commit finds the order stored. */
const ASKED_AGAIN = message('shop', 'order-requests', 'order', COMMIT);
const SETTLE: Tree = ['order: decide'];
const SETTLED: readonly Tree[] = [SETTLE, TOLD];
const VALIDATED_BY_MESSAGE: readonly Tree[] = [COMMIT, question('consumer'), question('restaurant'), ...SETTLED];

/** The spans of an order that is decided before it is stored, up to that commit. */
const decidedUpFront = {
  synchronous: ['order: POST /orders', directQuestion('consumer'), directQuestion('restaurant'), COMMIT],
  replication: ['order: POST /orders', COMMIT],
} as const satisfies Record<string, Tree>;

/** The expected trace of an order in each style, without faults. */
const trees = {
  'respond-first': ['order: POST /orders', ...VALIDATED_BY_MESSAGE],
  synchronous: [...decidedUpFront.synchronous, ...SETTLED],
  replication: [...decidedUpFront.replication, ...SETTLED],
} as const satisfies Record<string, Tree>;

/** The request comes as a message; the order's own spans are below it. */
const messaging = (...more: readonly Tree[]): Tree => [
  'shop: POST /purchases',
  // A read of the request, a read and a write of the request list, then the write of the request.
  rpc('shop', 'GetState'),
  rpc('shop', 'GetState'),
  rpc('shop', 'SaveState'),
  rpc('shop', 'SaveState'),
  message('shop', 'order-requests', 'order', ...VALIDATED_BY_MESSAGE, OUTCOME, ...more),
];

/**
 * Adds the order to the set if no order in it has the same lane: without replies only the oldest command of a lane is
 * retransmitted.
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
  // Hooks run in reverse order: the platform stops first and sends its last spans.
  afterAll(() => collector?.close());
  const fixture = usePlatform(async () => {
    collector = await startCollector();
    // Every process inherits these.
    Object.assign(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: collector.headers,
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
  const shop = useShop(fixture);
  // Kafka redelivers messages in flight while sidecars still join their group.
  beforeAll(async () => {
    await fixture().place(20);
    await fixture().allDecided();
    // A confirmation that is still under way could share a batch message with one of a traced order.
    for (const url of fixture().platform.urls.order) {
      const waiting = async () => (await get(`${url}/waiting-orders`)).body.orders;
      await poll('every order is complete', waiting, ({ length }) => length === 0);
    }
  });

  const comparisons: (() => void)[] = [];

  /** A trace that starts at a client. */
  function newTrace() {
    const [traceId, client] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
    const spans = () => collector.spans.filter((span) => span.traceId === traceId);
    return {
      headers: { traceparent: `00-${traceId}-${client}-01` },
      spans,
      /** The processes that published on a topic, once per message. */
      senders: (topic: string) =>
        spans()
          .filter(({ name }) => name === `send ${topic}`)
          .map(({ instance }) => instance),
      /**
       * Waits until the trace is exactly this tree. The test compares it once more at the end. If messages may have been in
       * batch messages, the deliveries of sidecars are not compared.
       */
      async is(tree: () => Tree, { batches = false } = {}): Promise<void> {
        const isCompared = (text: string) => !(batches && isDelivery(text));
        const compare = () => {
          const expected = linesOf(tree()).filter(isCompared);
          expect(linesBelow(client, spans()).filter(isCompared)).toEqual(expected);
          expect(spans().filter(({ service, name }) => isCompared(`${service}: ${name}`))).toHaveLength(
            expected.length,
          );
        };
        comparisons.push(compare);
        await vi.waitFor(compare, { timeout: 60_000, interval: 100 });
        expect(spans().flatMap(conventionFaults)).toEqual([]);
      },
    };
  }
  type Trace = ReturnType<typeof newTrace>;

  const place = (trace: Trace, style: string, order: object = GOOD_ORDER) =>
    post(`${fixture().platform.urls.order[0]}/orders`, order, { ...trace.headers, 'order-style': style });
  const buy = (trace: Trace, id: string) => post(`${shop().url}/purchases`, { id, order: GOOD_ORDER }, trace.headers);

  async function untilFresh(): Promise<void> {
    const replicas = async () => (await get(`${fixture().platform.urls.order[0]}/replicas`)).body;
    await poll('copies are fresh', replicas, ({ consumer, restaurant }) => consumer.fresh && restaurant.fresh);
  }

  test.each(Object.entries(trees))('%s', async (style, tree) => {
    await untilFresh();
    const trace = newTrace();
    expect([201, 202]).toContain((await place(trace, style)).status);
    await trace.is(() => tree);

    // Work for many orders at once is in no order's trace; its span links to each of them.
    const [batch] = trace.spans().find(({ name }) => name === 'commit')?.links ?? [];
    expect(batch).toBeDefined();
    expect(trace.spans().map(({ traceId }) => traceId)).not.toContain(batch?.traceId);
  });

  test('messaging', async () => {
    const trace = newTrace();
    expect((await buy(trace, 'traced')).status).toBe(200);
    await trace.is(() => messaging());
  });

  test('orders whose messages were in batch messages have a trace each', async () => {
    const traces = Array.from({ length: 40 }, newTrace);
    const answers = await Promise.all(traces.map((trace) => place(trace, 'respond-first')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    for (const trace of traces) await trace.is(() => trees['respond-first'], { batches: true });

    // The span of a batch message is in a trace of its own. It links to the traces of its orders, and their spans to it.
    for (const topic of ['consumer-commands', 'restaurant-commands', 'order-replies']) {
      const sends = collector.spans.filter(({ name }) => name === `send ${topic}`);
      const batch = sends.find(({ attributes }) => Number(attributes['messaging.batch.message_count']) > 1);
      expect(batch, topic).toBeDefined();
      const entries = sends.filter(({ links }) => links.some(({ spanId }) => spanId === batch?.spanId));
      expect(entries).toHaveLength(Number(batch?.attributes['messaging.batch.message_count']));
      const own = new Set(entries.map(({ traceId }) => traceId));
      expect(own.size).toBe(entries.length);
      expect(new Set(batch?.links.map(({ traceId }) => traceId))).toEqual(own);
      expect(own).not.toContain(batch?.traceId);
    }
  });

  // Runs before the first kill, because redelivered messages add spans to their order's trace.
  test('no span was added to these traces afterwards', () => {
    expect(comparisons.length).toBeGreaterThan(Object.keys(trees).length);
    for (const compare of comparisons) compare();
  });

  /**
   * One platform, one kill, and an order of each style with a message still to send. An order that is decided before it is
   * stored (synchronous; replication on fresh copies) has no commands to retransmit. Only its outcome remains to be sent.
   */
  test('each style, with retransmissions and a replica that is killed in between', async () => {
    const { platform } = fixture();
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

    // Messages wait in the broker while their receiver's sidecar is down, and arrive once each after its restart.
    await platform.kill('notification-1-dapr');
    for (const style of ['synchronous', 'replication'] as const) {
      const { trace, answer } = await placeApart(style);
      expect(answer).toMatchObject({ status: 201, body: { status: 'VALIDATED' } });
      await trace.is(() => [...decidedUpFront[style], SETTLE, ['order: send order-settled']]);
      settledAtOnce.push({ style, trace });
    }
    await platform.kill('consumer-1-dapr');
    const respondFirst = await placeApart('respond-first');
    // The local copy lacks this consumer, so the order continues as in respond-first.
    const replicated = await placeApart('replication', { ...GOOD_ORDER, consumerId: 'nobody' });
    const asked = [respondFirst, replicated];
    for (const { answer } of asked) expect(answer).toMatchObject({ status: 202, body: { status: 'PENDING' } });
    const taker = () => respondFirst.trace.spans().find(({ name }) => name === 'POST /orders')?.instance;
    const bought = await boughtAt(taker, takeApart);

    const waiting: readonly [Trace, string][] = [
      ...[...asked, { trace: bought }].map(({ trace }): [Trace, string] => [trace, 'consumer-commands']),
      ...settledAtOnce.map(({ trace }): [Trace, string] => [trace, 'order-settled']),
    ];
    const senders = () => waiting.map(([trace, topic]) => trace.senders(topic));
    const before = await poll('each is sent again', senders, (all) => all.every(({ length }) => length >= 2));
    expect(new Set(before.flat())).toEqual(new Set([taker()]));
    await Promise.all(['order-1', 'order-1-dapr'].map((name) => platform.kill(name)));
    await poll('each is sent by another one', senders, (all) => all.every((by) => by.some((who) => who !== taker())));
    shop().resume();
    const commits = () => bought.spans().filter(({ name }) => name === 'commit');
    await poll('the shop has asked again', commits, ({ length }) => length > 1);
    await Promise.all(['consumer-1-dapr', 'notification-1-dapr'].map((name) => platform.start(name)));

    // Each retransmission was handled, and none had another effect.
    // The replica that takes the orders over sends their messages in batches.
    const batches = { batches: true };
    for (const { style, trace } of settledAtOnce)
      await trace.is(() => [...trees[style], ...again(trace, TOLD)], batches);
    const more = (trace: Trace) => again(trace, question('consumer'), question('restaurant'), TOLD);
    for (const { trace } of asked) await trace.is(() => [...trees['respond-first'], ...more(trace)], batches);
    await bought.is(
      () => [...messaging(...more(bought), ...again(bought, OUTCOME)), ...again(bought, ASKED_AGAIN)],
      batches,
    );

    const orderOf = (id: string) => get(`${platform.urls.order[1]}/orders/${id}`);
    const decisions = asked.map(async ({ answer }) => (await orderOf(answer.body.id)).body);
    expect((await Promise.all(decisions)).map(({ status }) => status)).toEqual(['VALIDATED', 'REJECTED']);
  });

  /**
   * Buys by message until this process handles a request with a lane of its own, then pauses the shop: a repeated request
   * would make another replica the order's owner, and leave no takeover to test.
   */
  async function boughtAt(taker: () => string | undefined, takeApart: TakeApart): Promise<Trace> {
    for (let n = 0; ; n++) {
      const trace = newTrace();
      // No reply arrives before the consumer's sidecar is up again.
      const id = `bought-${n}`;
      buy(trace, id).catch(() => undefined);
      const commit = await poll(
        'the request is taken',
        () => trace.spans().find(({ name }) => name === 'commit'),
        (span) => span !== undefined && taker() !== undefined,
      );
      // Spans that the shop is exporting while it is paused are lost.
      await poll(
        'the shop has exported its spans',
        () => trace.senders('order-requests'),
        ({ length }) => length > 0,
      );
      if (commit?.instance !== taker() || !takeApart(String(commit?.attributes['order.id']))) continue;
      shop().pause();
      return trace;
    }
  }

  /** The spans of these messages beyond the first one of each. */
  const again = (trace: Trace, ...messages: readonly Tree[]): Tree[] =>
    messages.flatMap((sent) => {
      const topic = sent[0].split('send ')[1] ?? '';
      return trace
        .senders(topic)
        .slice(1)
        .map(() => sent);
    });
}
