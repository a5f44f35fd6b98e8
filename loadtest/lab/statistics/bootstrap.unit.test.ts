import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, test } from 'vitest';
import { type Block, difference, estimate } from './bootstrap.ts';

const random = () => xoroshiro128plus(7);
const seconds = (count: number, yes: number, offered = 10): Block[] =>
  Array.from({ length: count }, () => ({ offered, yes }));

test('contains the true share in at least 90 of 100 labs', () => {
  const generator = xoroshiro128plus(3);
  const chance = () => (generator.next() >>> 0) / 2 ** 32;
  const labs = 60;
  let covered = 0;
  for (let lab = 0; lab < labs; lab++) {
    const run = () =>
      Array.from({ length: 20 }, () => ({
        offered: 10,
        yes: Array.from({ length: 10 }, chance).filter((x) => x < 0.8).length,
      }));
    const { low, high } = estimate([run(), run(), run(), run(), run()], generator);
    if (low <= 0.8 && 0.8 <= high) covered += 1;
  }
  expect(covered / labs).toBeGreaterThanOrEqual(0.9);
});

test('is wider when whole seconds fail than when the same number of orders fails evenly', () => {
  const outage = [...seconds(18, 10), ...seconds(2, 0)];
  const even = seconds(20, 9);
  const width = ({ low, high }: { low: number; high: number }) => high - low;
  expect(estimate([outage], random()).value).toBe(0.9);
  expect(width(estimate([outage], random()))).toBeGreaterThan(width(estimate([even], random())) + 0.05);
});

test('is wider when the runs differ', () => {
  const alike = estimate([seconds(10, 5), seconds(10, 5), seconds(10, 5)], random());
  const different = estimate([seconds(10, 0), seconds(10, 5), seconds(10, 10)], random());
  expect(different.high - different.low).toBeGreaterThan(alike.high - alike.low + 0.3);
});

test('without a failure, reaches down to the share that three failures would give', () => {
  expect(estimate([seconds(30, 10)], random())).toEqual({
    value: 1,
    offered: 300,
    yes: 300,
    runs: 1,
    low: 0.99,
    high: 1,
  });
  expect(estimate([seconds(30, 0)], random())).toMatchObject({ value: 0, low: 0, high: 0.01 });
});

test('a difference to a control of the same share contains 0, and one to a better control does not', () => {
  const control = [seconds(20, 9), seconds(20, 10)];
  expect(difference(control, control, random())).toMatchObject({ value: 0 });
  const same = difference(control, control, random());
  expect(same.low).toBeLessThan(0);
  expect(same.high).toBeGreaterThan(0);
  const worse = difference([seconds(20, 1), seconds(20, 2)], control, random());
  expect(worse.high).toBeLessThan(-0.5);
});
