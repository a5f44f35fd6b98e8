import { expect, test } from 'vitest';
import type { Operation } from '../types.ts';
import { dialectOf, transactionBody } from './dialects.ts';

const component = (type: string, version: string) => ({ name: 'state', type, version, capabilities: [] });
const redis = dialectOf('state', [component('state.redis', 'v1')]);
const postgresql = dialectOf('state', [component('state.postgresql', 'v2')]);

test.each([
  ['state.in-memory', 'v1'],
  ['state.postgresql', 'v1'],
  ['state.redis', 'v2'],
])('refuses %s %s with the reason', (type, version) => {
  expect(() => dialectOf('state', [component(type, version)])).toThrow(`"state" is a ${type}/${version}`);
});

test('refuses a store that does not exist', () => {
  expect(() => dialectOf('state', [])).toThrow('no component "state"');
});

const operations: Operation[] = [
  { op: 'insert', key: 'a', json: '{"n":1}' },
  { op: 'upsert', key: 'b', json: 'null' },
  { op: 'delete', key: 'c' },
];

test('writes only inserts differently in each dialect', () => {
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
