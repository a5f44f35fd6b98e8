import { expect, test } from 'vitest';
import { Increases } from './sampler.ts';

test('sums increases, also over the restart of a process that counts from 0', () => {
  const increases = new Increases();
  for (const value of [100, 110, 4, 9]) increases.observe('a', value);
  expect(increases.sum).toBe(19);
});

test('counts a process that started later from its start', () => {
  const increases = new Increases();
  increases.observe('a', 100);
  increases.observe('b', 7, 0);
  expect(increases.sum).toBe(7);
});
