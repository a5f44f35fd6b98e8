import type { BrokerKind } from '@standing-order/local';
import { expect, test } from 'vitest';
import type { Span } from '../support/otlp.ts';
import type { Tree } from '../support/tree.ts';
import { traceTakeover } from './trace-takeover.ts';
import { messaging, trees } from './trace-trees.ts';
import { type TracedPlatform, useTracedPlatform } from './traced-platform.ts';

/** Asserts the whole trace of one order in each style, on one broker. */
export function traceOrders(broker: BrokerKind): void {
  const traced = useTracedPlatform(broker);
  const { traces } = traced;

  test.each(Object.entries(trees))('%s', (style, tree) => traceStyle(traced, style, tree));

  test('messaging', async () => {
    const trace = traces.start();
    expect((await traced.buy(trace, 'traced')).status).toBe(200);
    await trace.is(() => messaging());
  });

  test('orders whose messages were in batch messages have a trace each', () => traceBatches(traced));

  // Runs before the first kill, because redelivered messages add spans to their order's trace.
  test('no span was added to these traces afterwards', () => {
    expect(traces.compareAgain()).toBeGreaterThan(Object.keys(trees).length);
  });

  test('each style, with retransmissions and a replica that is killed in between', () => traceTakeover(traced));
}

async function traceStyle({ traces, place, untilFresh }: TracedPlatform, style: string, tree: Tree): Promise<void> {
  await untilFresh();
  const trace = traces.start();
  expect([201, 202]).toContain((await place(trace, style)).status);
  await trace.is(() => tree);

  // Work for many orders at once is in no order's trace; its span links to each of them.
  const [batch] = trace.spans().find(({ name }) => name === 'commit')?.links ?? [];
  expect(batch).toBeDefined();
  expect(trace.spans().map(({ traceId }) => traceId)).not.toContain(batch?.traceId);
}

async function traceBatches({ traces, place }: TracedPlatform): Promise<void> {
  const started = Array.from({ length: 40 }, () => traces.start());
  const answers = await Promise.all(started.map((trace) => place(trace, 'respond-first')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  for (const trace of started) await trace.is(() => trees['respond-first'], { batches: true });
  for (const topic of ['consumer-commands', 'restaurant-commands', 'order-replies'])
    expectLinkedBatch(traces.spans, topic);
}

/** The span of a batch message is in a trace of its own. It links to the traces of its orders, and their spans to it. */
function expectLinkedBatch(spans: readonly Span[], topic: string): void {
  const sends = spans.filter(({ name }) => name === `send ${topic}`);
  const batch = sends.find(({ attributes }) => Number(attributes['messaging.batch.message_count']) > 1);
  expect(batch, topic).toBeDefined();
  const entries = sends.filter(({ links }) => links.some(({ spanId }) => spanId === batch?.spanId));
  expect(entries).toHaveLength(Number(batch?.attributes['messaging.batch.message_count']));
  const own = new Set(entries.map(({ traceId }) => traceId));
  expect(own.size).toBe(entries.length);
  expect(new Set(batch?.links.map(({ traceId }) => traceId))).toEqual(own);
  expect(own).not.toContain(batch?.traceId);
}
