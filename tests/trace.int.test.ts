import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { type Collector, type Span, startCollector } from './support/otlp.ts';
import { until } from './support/until.ts';
import { useWorld } from './support/world.ts';

let collector: Collector;

const world = useWorld(async () => {
  collector = await startCollector();
  const telemetry = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_TRACES_SAMPLER: 'parentbased_always_on',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
  return { env: { order: telemetry, consumer: telemetry, restaurant: telemetry } };
});

afterAll(() => collector?.close());

/** The spans below one span, indented by depth; siblings by name, since which came first says nothing. */
function treeBelow(parentSpanId: string, spans: readonly Span[], depth = 0): string[] {
  return spans
    .filter((span) => span.parentSpanId === parentSpanId)
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .flatMap((span) => [
      `${'  '.repeat(depth)}${span.service}: ${span.name}`,
      ...treeBelow(span.spanId, spans, depth + 1),
    ]);
}

test('HTTP, commit, both validations and the settlement of an order are one trace', async () => {
  const traceId = randomBytes(16).toString('hex');
  const client = randomBytes(8).toString('hex');
  const [answer] = await world().place(1, { headers: { traceparent: `00-${traceId}-${client}-01` } });
  expect(answer?.status).toBe(202);
  await world().allDecided();

  const expected = [
    'order: POST /orders',
    '  order: commit',
    '  order: send consumer-commands',
    '    consumer: process consumer-commands',
    '      order: process order-replies',
    '  order: send restaurant-commands',
    '    restaurant: process restaurant-commands',
    '      order: process order-replies',
    '  order: settle',
  ];
  const spans = await until(
    'every span of the order',
    () => collector.spans.filter((span) => span.traceId === traceId),
    (seen) => seen.length >= expected.length,
  );
  expect(treeBelow(client, spans)).toEqual(expected);
  expect(spans).toHaveLength(expected.length);

  // What is done for many orders at once is in no order's trace, and is linked to each of them.
  const commit = spans.find(({ name }) => name === 'commit');
  const [batch] = commit?.links ?? [];
  expect(batch).toBeDefined();
  expect(batch?.traceId).not.toBe(traceId);
});
