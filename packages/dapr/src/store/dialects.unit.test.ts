import { expect, test } from 'vitest';
import { dialectOf } from './dialects.ts';

const component = (type: string, version: string) => ({ name: 'state', type, version, capabilities: [] });

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
