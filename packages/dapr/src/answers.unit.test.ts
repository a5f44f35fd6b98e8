import { expect, test } from 'vitest';
import { publishOutcomes, sidecarMetadata, storedItem, storedItems, transactionOutcome } from './answers.ts';
import { SidecarError } from './types.ts';

const answer = (status: number, body: unknown = '', etag?: string) => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  etag,
});

test.each([
  [answer(204), 'committed'],
  [answer(400, { errorCode: 'ERR_MALFORMED_REQUEST', message: "can't contain '||'" }), 'refused'],
  [answer(400, { errorCode: 'ERR_STATE_STORE_NOT_FOUND', message: 'state store state is not found' }), 'unknown'],
  [answer(400, { errorCode: 'ERR_STATE_TRANSACTION', message: 'invalid etag value' }), 'unknown'],
  [answer(400, 'a page of some proxy'), 'unknown'],
  [answer(409, { errorCode: 'ERR_STATE_SAVE' }), 'unknown'],
  [answer(500, { errorCode: 'ERR_STATE_TRANSACTION', message: 'failed to set key' }), 'unknown'],
  [answer(503), 'unknown'],
] as const)('transaction %o is %s', (given, outcome) => {
  expect(transactionOutcome(given)).toBe(outcome);
});

test('a bulk get is read by key, in whatever order it comes, without what is missing', () => {
  const items = [{ key: 'b', data: { n: 2 }, etag: '7' }, { key: 'missing' }, { key: 'a', data: null, etag: 'x' }];
  expect([...storedItems(answer(200, items))]).toEqual([
    ['b', { value: { n: 2 }, etag: '7' }],
    ['a', { value: null, etag: 'x' }],
  ]);
});

test('one key that could not be read fails the whole bulk get', () => {
  const items = [
    { key: 'a', data: 1, etag: '1' },
    { key: 'b', error: 'i/o timeout' },
  ];
  expect(() => storedItems(answer(200, items))).toThrow(/b: i\/o timeout/);
  expect(() => storedItems(answer(500, { errorCode: 'ERR_STATE_BULK_GET', message: 'down' }))).toThrow(SidecarError);
  expect(() => storedItems(answer(200, 'no json'))).toThrow(SidecarError);
});

test('an ETag stays text: 2^53 and 2^53 + 1 are two versions', () => {
  const [one, two] = ['9007199254740992', '9007199254740993'].map((etag) => storedItem(answer(200, '1', etag))?.etag);
  expect(one).not.toBe(two);
});

test('a single get: 204 is missing, a value without an ETag is no answer', () => {
  expect(storedItem(answer(204))).toBeUndefined();
  expect(() => storedItem(answer(200, '1'))).toThrow(SidecarError);
});

test.each([
  ['all taken', answer(204), [true, true, true]],
  ['one failed', answer(500, { failedEntries: [{ entryId: '11', error: 'x' }], errorCode: 'E' }), [true, false, true]],
  [
    'all failed, each named',
    answer(500, { failedEntries: ['10', '11', '12'].map((entryId) => ({ entryId })) }),
    [false, false, false],
  ],
  ['an error that names none', answer(500, { errorCode: 'ERR_PUBSUB_PUBLISH_MESSAGE' }), [false, false, false]],
  ['an empty list of failures', answer(500, { failedEntries: [] }), [false, false, false]],
  ['no such component', answer(404, { errorCode: 'ERR_PUBSUB_NOT_FOUND' }), [false, false, false]],
  ['no JSON', answer(502, 'bad gateway'), [false, false, false]],
])('bulk publish: %s', (_, given, outcomes) => {
  expect(publishOutcomes(given, 10, 3)).toEqual(outcomes);
});

test('metadata without components is a sidecar without components', () => {
  expect(sidecarMetadata(answer(200, { id: 'order', runtimeVersion: '1.18.1' }))).toEqual({
    appId: 'order',
    runtimeVersion: '1.18.1',
    components: [],
  });
});
