import { StateOptions_StateConcurrency } from '@dapr/dapr/proto/dapr/proto/common/v1/common_pb.js';
import { expect, test } from 'vitest';
import type { Operation } from '../types.ts';
import { dialectOf } from './dialects.ts';
import { transactionOperations } from './items.ts';

const component = (type: string, version: string) => ({ name: 'state', type, version, capabilities: [] });
const redis = dialectOf('state', [component('state.redis', 'v1')]);
const postgresql = dialectOf('state', [component('state.postgresql', 'v2')]);

const operations: Operation[] = [
  { op: 'insert', key: 'a', json: '{"n":1}' },
  { op: 'upsert', key: 'b', json: 'null' },
  { op: 'delete', key: 'c' },
];

test('writes only inserts differently in each dialect', () => {
  const rest = [
    { operationType: 'upsert', request: { key: 'b', value: Buffer.from('null') } },
    { operationType: 'delete', request: { key: 'c' } },
  ];
  const all = (insertOnly: object) => [
    { operationType: 'upsert', request: { key: 'a', value: Buffer.from('{"n":1}'), ...insertOnly } },
    ...rest,
  ];
  expect(transactionOperations(operations, redis)).toEqual(all({ etag: { value: '-1' } }));
  const { CONCURRENCY_FIRST_WRITE: concurrency } = StateOptions_StateConcurrency;
  expect(transactionOperations(operations, postgresql)).toEqual(all({ options: { concurrency } }));
});
