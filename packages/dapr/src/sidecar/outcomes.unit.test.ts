import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { SidecarError } from '../types.ts';
import { bulkItems, isRefusal, publishOutcomes, storedItem } from './outcomes.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const item = (key: string, text: string, etag: string, error = '') => ({ key, data: bytes(text), etag, error });

test.each([
  [Code.ResourceExhausted, 'grpc: received message larger than max (4194400 vs. 4194304)', true],
  [Code.ResourceExhausted, 'stream closed: enhance your calm', false],
  [Code.InvalidArgument, 'state store state is not found', false],
  [Code.InvalidArgument, 'invalid etag value', false],
  [Code.Aborted, 'possible etag mismatch', false],
  [Code.Internal, 'failed to set key', false],
  [Code.DeadlineExceeded, 'deadline exceeded', false],
  [undefined, 'not connected', false],
] as const)('a request with error %s, "%s", was refused before it reached the store: %s', (code, message, refused) => {
  expect(isRefusal(new SidecarError(message, code))).toBe(refused);
});

test('reads a bulk get by key, in any order, without the missing keys', () => {
  const items = [item('b', '{"n":2}', '7'), item('missing', '', ''), item('a', 'null', 'x')];
  expect([...bulkItems(items).found]).toEqual([
    ['b', { value: { n: 2 }, etag: '7' }],
    ['a', { value: null, etag: 'x' }],
  ]);
});

test('a bulk get names the keys that it could not read, and fails when it could read none', () => {
  const broken = item('b', '', '', 'i/o timeout');
  const { found, failed } = bulkItems([item('a', '1', '1'), broken]);
  expect([[...found.keys()], failed]).toEqual([['a'], ['b']]);
  expect(() => bulkItems([broken, { ...broken, key: 'c' }])).toThrow(/b: i\/o timeout/);
  expect(bulkItems([])).toEqual({ found: new Map(), failed: [] });
});

test('a value that is not JSON is undefined in a bulk get, and an error in a single get', () => {
  const found = bulkItems([item('a', 'no json', '1'), item('b', '1', '2')]).found;
  expect([...found]).toEqual([
    ['a', { value: undefined, etag: '1' }],
    ['b', { value: 1, etag: '2' }],
  ]);
  expect(() => storedItem('a', item('a', 'no json', '1'))).toThrow(SidecarError);
});

test('keeps an ETag as text: 2^53 and 2^53 + 1 are two versions', () => {
  const [one, two] = ['9007199254740992', '9007199254740993'].map(
    (etag) => storedItem('a', item('a', '1', etag))?.etag,
  );
  expect(one).not.toBe(two);
});

test('a single get: no value and no ETag is a missing key, a value without an ETag is an error', () => {
  expect(storedItem('a', item('a', '', ''))).toBeUndefined();
  expect(() => storedItem('a', item('a', '1', ''))).toThrow(SidecarError);
});

test('a bulk publish accepts every entry that is not in the list of failures', () => {
  expect(publishOutcomes({ failedEntries: [] }, 10, 3)).toEqual([true, true, true]);
  const failed = {
    $typeName: 'dapr.proto.runtime.v1.BulkPublishResponseFailedEntry',
    entryId: '11',
    error: 'x',
  } as const;
  expect(publishOutcomes({ failedEntries: [failed] }, 10, 3)).toEqual([true, false, true]);
});
