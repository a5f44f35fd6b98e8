import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunksOf } from './chunks.ts';
import { dialectOf, transactionBody } from './dialects.ts';
import { createEvent } from './event.ts';
import type { Operation } from './types.ts';

const component = (type: string, version: string) => ({ name: 'state', type, version, capabilities: [] });
const redis = dialectOf('state', [component('state.redis', 'v1')]);
const postgresql = dialectOf('state', [component('state.postgresql', 'v2')]);

test.each([
  ['state.in-memory', 'v1'],
  ['state.postgresql', 'v1'],
  ['state.redis', 'v2'],
])('%s %s is refused with the reason', (type, version) => {
  expect(() => dialectOf('state', [component(type, version)])).toThrow(`"state" is a ${type}/${version}`);
});

test('a store that is not there is refused by name', () => {
  expect(() => dialectOf('state', [])).toThrow('no component "state"');
});

const operations: Operation[] = [
  { op: 'insert', key: 'a', json: '{"n":1}' },
  { op: 'upsert', key: 'b', json: 'null' },
  { op: 'delete', key: 'c' },
];

test('only inserts are told apart by dialect', () => {
  const rest = [
    { operation: 'upsert', request: { key: 'b', value: null } },
    { operation: 'delete', request: { key: 'c' } },
  ];
  const body = (insertOnly: object) => ({
    operations: [{ operation: 'upsert', request: { key: 'a', value: { n: 1 }, ...insertOnly } }, ...rest],
  });
  expect(JSON.parse(transactionBody(operations, redis))).toEqual(body({ etag: '-1' }));
  expect(JSON.parse(transactionBody(operations, postgresql))).toEqual(
    body({ options: { concurrency: 'first-write' } }),
  );
});

test('chunks hold all items in order, as JSON, within the limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 60 })),
      fc.integer({ min: 20, max: 200 }),
      (items, limit) => {
        const chunks = [...chunksOf(items, undefined, limit)];
        expect(chunks.flatMap((chunk) => chunk.items)).toEqual(items);
        for (const chunk of chunks) {
          expect(JSON.parse(chunk.body)).toEqual(chunk.items);
          if (chunk.tooLarge) expect(chunk.items).toHaveLength(1);
          else expect(Buffer.byteLength(chunk.body)).toBeLessThanOrEqual(limit);
        }
      },
    ),
  );
});

const draft = { id: 'e1', source: '/order', type: 'a.v1', subject: 'o1', time: 0, data: { n: 1 }, trace: undefined };

test('an event carries its trace under both names, or under none', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(createEvent({ ...draft, trace: { traceparent, tracestate: 'a=b' } })).toMatchObject({
    traceparent,
    traceid: traceparent,
    tracestate: 'a=b',
  });
  expect(createEvent({ ...draft, trace: { traceparent } })).not.toHaveProperty('tracestate');
  const untraced = createEvent(draft);
  expect(untraced).not.toHaveProperty('traceparent');
  expect(untraced).not.toHaveProperty('traceid');
});

test('an event says what its data is', () => {
  expect(createEvent(draft)).toEqual({
    specversion: '1.0',
    id: 'e1',
    source: '/order',
    type: 'a.v1',
    subject: 'o1',
    time: '1970-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:standing-order:a.v1',
    data: { n: 1 },
  });
});
