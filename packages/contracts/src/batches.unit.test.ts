import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BATCH_ENTRY_TYPES,
  type BatchType,
  batchSchema,
  batchTypeOf,
  createBatch,
  entriesOf,
  entryOf,
  isBatch,
} from './batches.ts';
import { type CloudEvent, dataSchemaOf } from './cloud-event.ts';
import { type Message, type MessageType, messageSchema } from './messages.ts';
import { OUTCOME_TYPES, outcomeTopic, TOPICS } from './topics.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`samples/${name}.json`, import.meta.url), 'utf8'));
const batches: readonly CloudEvent<BatchType, { readonly entries: readonly object[] }>[] = read('batches');
const messages: readonly Message[] = read('messages');

/** The types on the topic of each batch message. */
const TOPIC_TYPES: Readonly<Record<BatchType, readonly MessageType[]>> = {
  'com.standing-order.consumer-commands-batch.v1': TOPICS['consumer-commands'].types,
  'com.standing-order.restaurant-commands-batch.v1': TOPICS['restaurant-commands'].types,
  'com.standing-order.order-replies-batch.v1': TOPICS['order-replies'].types,
  'com.standing-order.order-requests-batch.v1': TOPICS['order-requests'].types,
  'com.standing-order.order-confirmations-batch.v1': TOPICS['order-confirmations'].types,
  'com.standing-order.order-outcomes-batch.v1': OUTCOME_TYPES,
};

test('every batch type has a sample, whose entries are accepted permanently', () => {
  expect([...new Set(batches.map(({ type }) => type))].toSorted()).toEqual(Object.keys(BATCH_ENTRY_TYPES).toSorted());
  for (const batch of batches) {
    const types = TOPIC_TYPES[batch.type];
    const entries = entriesOf(batch);
    expect(entries).toHaveLength(batch.data.entries.length);
    for (const entry of entries) expect(messageSchema(types).safeParse(entry).error).toBeUndefined();
    expect(batchSchema(BATCH_ENTRY_TYPES[batch.type]).safeParse(batch.data).error).toBeUndefined();
  }
});

test('an entry of each type becomes the message that it was', () => {
  for (const [type, types] of Object.entries(BATCH_ENTRY_TYPES)) {
    const sent = messages.filter((message) => (types as readonly string[]).includes(message.type));
    for (const message of sent) {
      const events = [message, { ...message, id: 'another' }];
      const batch = createBatch(type as BatchType, message, events.map(entryOf));
      const dataschema = dataSchemaOf(message.type);
      expect(entriesOf(JSON.parse(JSON.stringify(batch)))).toEqual(events.map((each) => ({ ...each, dataschema })));
    }
  }
});

const attributes = { specversion: '1.0', datacontenttype: 'application/json', source: '/order' } as const;
const event = fc.record({
  id: fc.string({ minLength: 1 }),
  traceparent: fc.option(fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'), { nil: undefined }),
  data: fc.record({ orderId: fc.uuid(), value: fc.jsonValue() }),
});

test('any events survive a batch, in order and with their own attributes', () => {
  const type = 'com.standing-order.validate-consumer-info.v1';
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 2, maxLength: 20 }),
      fc.option(fc.string({ minLength: 1 })),
      (drafts, key) => {
        const shared = { ...attributes, time: '2026-01-01T00:00:00.000Z', ...(key !== null && { partitionkey: key }) };
        const events = drafts.map((draft): CloudEvent => ({ ...shared, ...draft, type, subject: draft.data.orderId }));
        const [first] = events;
        const batch = createBatch(
          'com.standing-order.consumer-commands-batch.v1',
          first as CloudEvent,
          events.map(entryOf),
        );
        const wire = JSON.parse(JSON.stringify(batch));
        expect(isBatch(wire)).toBe(true);
        const expected = events.map((each) => ({
          ...each,
          dataschema: 'urn:standing-order:validate-consumer-info.v1',
        }));
        expect(JSON.parse(JSON.stringify(entriesOf(wire)))).toEqual(JSON.parse(JSON.stringify(expected)));
      },
    ),
  );
});

test('anything else stands for itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(entriesOf(value)).toEqual([value]);
    }),
  );
  const [batch] = batches;
  for (const data of [undefined, null, {}, { entries: {} }]) expect(entriesOf({ ...batch, data })).toHaveLength(1);
});

describe('an entry that is unreadable', () => {
  const [batch] = batches as readonly [(typeof batches)[number]];
  const parse = messageSchema(TOPICS['consumer-commands'].types);

  test.each<[string, unknown]>([
    ['is null', null],
    ['is a text', 'text'],
    ['is a list', [1]],
    ['has no data', { id: 'x', type: 'com.standing-order.validate-consumer-info.v1' }],
    ['is of a type of another topic', { ...batch.data.entries[0], type: 'com.standing-order.consumer-refused.v1' }],
    ['is a batch itself', { ...batch, id: 'nested' }],
    ['has another subject than its order', { ...batch.data.entries[0], subject: '' }],
  ])('%s: leaves the others readable', (_, entry) => {
    const found = entriesOf({ ...batch, data: { entries: [batch.data.entries[0], entry, batch.data.entries[1]] } });
    expect(found.map((each) => parse.safeParse(each).success)).toEqual([true, false, true]);
  });
});

test('a request in a batch has its correlation id as its subject', () => {
  const batch = batches.find(({ type }) => type === 'com.standing-order.order-requests-batch.v1');
  expect(entriesOf(batch)).toMatchObject([{ subject: 'basket-7' }, { subject: 'basket-8' }]);
});

// Each unreadable entry costs a dead letter: a message of 4 MB would cost millions of them.
test('a message with more entries than any version sends stands for itself, and is unreadable as a whole', () => {
  const [batch] = batches;
  const withEntries = (count: number) => ({ ...batch, data: { entries: Array(count).fill(0) } });
  expect(entriesOf(withEntries(1_024))).toHaveLength(1_024);
  const flood = withEntries(1_025);
  expect(isBatch(flood)).toBe(false);
  expect(entriesOf(flood)).toEqual([flood]);
  expect(messageSchema(TOPICS['consumer-commands'].types).safeParse(flood).success).toBe(false);
});

test('the reply channels of all clients have one batch type, which carries outcomes and no refusals', () => {
  const type = 'com.standing-order.order-outcomes-batch.v1';
  expect(['shop', 'kiosk-1'].map((client) => batchTypeOf(outcomeTopic(client)))).toEqual([type, type]);
  expect(BATCH_ENTRY_TYPES[type]).toEqual(['com.standing-order.order-outcome.v1']);
});

test('topics of notifications and of changes have no batches', () => {
  const names = ['order-settled', 'consumer-changes', 'restaurant-changes'];
  expect(names.map(batchTypeOf)).toEqual(names.map(() => undefined));
  expect(BATCH_ENTRY_TYPES['com.standing-order.order-replies-batch.v1']).not.toContain(
    'com.standing-order.outcome-received.v1',
  );
});
