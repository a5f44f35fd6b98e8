import { expect, test } from 'vitest';
import { SidecarError } from '../types.ts';
import { publishOutcomes, sidecarMetadata, storedItem, storedItems, transactionOutcome } from './responses.ts';

const response = (status: number, body: unknown = '', etag?: string) => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  etag,
});

test.each([
  [response(204), 'committed'],
  [response(400, { errorCode: 'ERR_MALFORMED_REQUEST', message: "can't contain '||'" }), 'refused'],
  [response(400, { errorCode: 'ERR_STATE_STORE_NOT_FOUND', message: 'state store state is not found' }), 'unknown'],
  [response(400, { errorCode: 'ERR_STATE_TRANSACTION', message: 'invalid etag value' }), 'unknown'],
  [response(400, 'a page of some proxy'), 'unknown'],
  [response(409, { errorCode: 'ERR_STATE_SAVE' }), 'unknown'],
  [response(500, { errorCode: 'ERR_STATE_TRANSACTION', message: 'failed to set key' }), 'unknown'],
  [response(503), 'unknown'],
] as const)('a transaction with response %o is %s', (given, outcome) => {
  expect(transactionOutcome(given)).toBe(outcome);
});

test('reads a bulk get by key, in any order, without the missing keys', () => {
  const items = [{ key: 'b', data: { n: 2 }, etag: '7' }, { key: 'missing' }, { key: 'a', data: null, etag: 'x' }];
  expect([...storedItems(response(200, items))]).toEqual([
    ['b', { value: { n: 2 }, etag: '7' }],
    ['a', { value: null, etag: 'x' }],
  ]);
});

test('fails a bulk get when one key could not be read', () => {
  const items = [
    { key: 'a', data: 1, etag: '1' },
    { key: 'b', error: 'i/o timeout' },
  ];
  expect(() => storedItems(response(200, items))).toThrow(/b: i\/o timeout/);
  expect(() => storedItems(response(500, { errorCode: 'ERR_STATE_BULK_GET', message: 'down' }))).toThrow(SidecarError);
  expect(() => storedItems(response(200, 'no json'))).toThrow(SidecarError);
});

test('keeps an ETag as text: 2^53 and 2^53 + 1 are two versions', () => {
  const [one, two] = ['9007199254740992', '9007199254740993'].map((etag) => storedItem(response(200, '1', etag))?.etag);
  expect(one).not.toBe(two);
});

test('a single get: 204 is a missing key, a value without an ETag is an error', () => {
  expect(storedItem(response(204))).toBeUndefined();
  expect(() => storedItem(response(200, '1'))).toThrow(SidecarError);
});

test.each([
  ['all accepted', response(204), [true, true, true]],
  [
    'one failed',
    response(500, { failedEntries: [{ entryId: '11', error: 'x' }], errorCode: 'E' }),
    [true, false, true],
  ],
  [
    'all failed, each named',
    response(500, { failedEntries: ['10', '11', '12'].map((entryId) => ({ entryId })) }),
    [false, false, false],
  ],
  ['an error without entries', response(500, { errorCode: 'ERR_PUBSUB_PUBLISH_MESSAGE' }), [false, false, false]],
  ['an empty list of failures', response(500, { failedEntries: [] }), [false, false, false]],
  ['no such component', response(404, { errorCode: 'ERR_PUBSUB_NOT_FOUND' }), [false, false, false]],
  ['not JSON', response(502, 'bad gateway'), [false, false, false]],
])('bulk publish: %s', (_, given, outcomes) => {
  expect(publishOutcomes(given, 10, 3)).toEqual(outcomes);
});

test('reads metadata without components as an empty list', () => {
  expect(sidecarMetadata(response(200, { id: 'order', runtimeVersion: '1.18.1' }))).toEqual({
    appId: 'order',
    runtimeVersion: '1.18.1',
    components: [],
  });
});
