import { expect, it } from 'vitest';
import { createPlaces } from './places.ts';

it('leaves a place to another caller, and frees a place once', () => {
  const { take } = createPlaces({ max: 3, maxPerCaller: 2 });
  const free = take('a') as () => void;
  expect(take('a')).toBeTypeOf('function');
  expect(take('a')).toBe('caller');
  expect(take('b')).toBeTypeOf('function');
  expect(take('c')).toBe('replica');
  free();
  free();
  expect(take('c')).toBeTypeOf('function');
  expect(take('a')).toBe('replica');
});
