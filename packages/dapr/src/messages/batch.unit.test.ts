import { batchTypeOf, type CloudEvent, entriesOf, isBatch } from '@standing-order/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Publication } from '../types.ts';
import { type BatchablePublication, publishInBatches } from './batch.ts';
import { createEvent } from './event.ts';

const TOPIC = 'consumer-commands';

const publication = (id: string, partitionKey = '0', alone = false, size = 0): BatchablePublication => ({
  partitionKey,
  alone,
  event: createEvent({
    id,
    source: '/order',
    type: 'com.standing-order.validate-consumer-info.v1',
    subject: `order-${id}`,
    time: 0,
    trace: undefined,
    partitionKey,
    data: { orderId: `order-${id}`, consumerId: 'x'.repeat(size) },
  }),
});

async function publish(
  publications: readonly BatchablePublication[],
  {
    topic = TOPIC,
    maxEntries,
    accepts = () => true,
  }: { topic?: string; maxEntries?: number; accepts?: (message: Publication) => boolean } = {},
) {
  const messages: Publication[] = [];
  const sidecar = {
    async publish(_pubsub: string, _topic: string, sent: readonly Publication[]) {
      messages.push(...sent);
      return sent.map(accepts);
    },
  };
  const options = { sidecar, pubsub: 'messages', ...(maxEntries !== undefined && { maxEntries }) };
  const results = await publishInBatches(options, topic, publications);
  return {
    messages,
    results,
    ids: messages.map(({ event }) => entriesOf(event).map((entry) => (entry as CloudEvent).id)),
  };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test('a message without company is published unchanged, as every version reads it', async () => {
  const lone = publication('a');
  const { messages } = await publish([lone, publication('b', '1')]);
  expect(messages[0]).toEqual({ event: lone.event, partitionKey: '0' });
  expect(messages).toHaveLength(2);
});

test('messages with one partition key share a batch message with that key', async () => {
  const { messages, ids } = await publish([
    publication('a'),
    publication('b', '1'),
    publication('c'),
    publication('d', '1'),
  ]);
  expect(ids).toEqual([
    ['a', 'c'],
    ['b', 'd'],
  ]);
  expect(messages.map(({ partitionKey, event }) => [partitionKey, event.partitionkey, event.type])).toEqual([
    ['0', '0', batchTypeOf(TOPIC)],
    ['1', '1', batchTypeOf(TOPIC)],
  ]);
});

test('messages of one group share a batch message with the partition key of the first', async () => {
  const grouped = (id: string) => ({ ...publication(id, id), group: 'all', alone: id === 'c' });
  const { messages, ids } = await publish(['a', 'b', 'c', 'd'].map(grouped));
  expect(ids).toEqual([['a', 'b', 'd'], ['c']]);
  expect(messages.map(({ partitionKey }) => partitionKey)).toEqual(['a', 'c']);
});

test('a retransmission is alone', async () => {
  const { ids } = await publish([publication('a'), publication('b', '0', true), publication('c')]);
  expect(ids).toEqual([['a', 'c'], ['b']]);
});

test('a batch has at most 128 entries and 32 KiB, or as many entries as configured', async () => {
  const many = names(300).map((name) => publication(name));
  const { ids, messages } = await publish(many.slice(0, 300));
  expect(Math.max(...ids.map(({ length }) => length))).toBeLessThanOrEqual(128);
  for (const { event } of messages) expect(JSON.stringify(event).length).toBeLessThanOrEqual(32 * 1024);
  expect((await publish(many.slice(0, 5), { maxEntries: 2 })).ids.map(({ length }) => length)).toEqual([2, 2, 1]);
  expect((await publish(many.slice(0, 5), { maxEntries: 1 })).messages.map(({ event }) => isBatch(event))).toEqual(
    Array(5).fill(false),
  );
});

test('a topic without batch messages has one message each', async () => {
  const { messages } = await publish([publication('a'), publication('b')], { topic: 'order-settled' });
  expect(messages.map(({ event }) => event.id)).toEqual(['a', 'b']);
});

test('each message has the result of the batch message that carried it', async () => {
  const { results } = await publish(
    [publication('a'), publication('b', '1'), publication('c'), publication('d', '2'), publication('e', '0', true)],
    { accepts: ({ partitionKey, event }) => partitionKey === '0' && isBatch(event) },
  );
  expect(results).toEqual([true, false, true, false, false]);
});

test('any messages: each is published once, in order within its key, within the limits', async () => {
  const drafts = fc.array(
    fc.record({
      key: fc.constantFrom('0', '1', '2'),
      alone: fc.boolean(),
      size: fc.constantFrom(0, 1_000, 10_000, 40_000),
    }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(drafts, fc.integer({ min: 1, max: 128 }), async (list, maxEntries) => {
      const publications = list.map(({ key, alone, size }, index) => publication(String(index), key, alone, size));
      const { messages, ids } = await publish(publications, { maxEntries });
      expect(ids.flat().toSorted()).toEqual(names(list.length).toSorted());
      for (const [index, { event, partitionKey }] of messages.entries()) {
        const packed = (ids[index] ?? []).map(Number);
        expect(packed).toEqual(packed.toSorted((a, b) => a - b));
        expect(packed.length).toBeLessThanOrEqual(maxEntries);
        if (packed.length > 1) expect(JSON.stringify(event).length).toBeLessThanOrEqual(32 * 1024);
        for (const at of packed) {
          expect(list[at]?.key).toBe(partitionKey);
          if (list[at]?.alone) expect(packed).toHaveLength(1);
        }
      }
    }),
    { numRuns: 50 },
  );
});
