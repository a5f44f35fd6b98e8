import { expect, test } from 'vitest';
import { readCounts, sumOfCounts } from './counts.ts';

test('reads the last line of a run', () => {
  expect(readCounts('12 passed, 3 failed, 0 skipped')).toEqual({ passed: 12, failed: 3, skipped: 0 });
});

test.each(['', '12 passed', ' 1 passed, 1 failed, 1 skipped', '1 passed, 1 failed, 1 skipped.'])(
  '"%s" is no counting line',
  (line) => expect(readCounts(line)).toBeUndefined(),
);

test('adds counts', () => {
  expect(
    sumOfCounts([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 0, skipped: 1 },
    ]),
  ).toEqual({
    passed: 11,
    failed: 2,
    skipped: 4,
  });
});
