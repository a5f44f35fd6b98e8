import { UnavailableError } from '@standing-order/service-kit/http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isolateFailures } from './isolate.ts';

const live = () => false;
const unexpected = (error: unknown): never => expect.fail(String(error));

/** Handles numbers, and rejects if one of them is negative. */
function handler() {
  const calls: number[] = [];
  const work = async (items: readonly number[]) => {
    calls.push(items.length);
    if (items.some((item) => item < 0)) throw new TypeError('negative');
    return items.map((item) => 2 * item);
  };
  return { calls, work };
}

test('handles all items in one call if none is at fault', async () => {
  const { calls, work } = handler();
  expect(await isolateFailures([1, 2, 3], work, unexpected, live)).toEqual([2, 4, 6]);
  expect(calls).toEqual([3]);
});

test('any few items at fault: the others have their results, in order', async () => {
  const items = fc.array(fc.integer({ min: 1 }), { minLength: 2, maxLength: 500 });
  await fc.assert(
    fc.asyncProperty(items, fc.array(fc.nat(), { maxLength: 3 }), async (good, positions) => {
      const list = [...good];
      for (const position of positions) list.splice(position % list.length, 0, -1);
      const failures: unknown[] = [];
      const results = await isolateFailures(list, handler().work, (error) => failures.push(error), live);
      expect(results).toEqual(list.map((item) => (item < 0 ? undefined : 2 * item)));
      expect(failures).toHaveLength(positions.length);
    }),
  );
});

test('a result that is missing is missing for its own item only', async () => {
  const work = async (items: readonly number[]) => {
    if (items.includes(-1)) throw new TypeError('negative');
    return items.slice(1);
  };
  expect(await isolateFailures([1, 2, -1, 3], work, () => {}, live)).toEqual([2, undefined, undefined, undefined]);
});

test('the number of calls is bounded', async () => {
  const { calls, work } = handler();
  const results = await isolateFailures(Array(1_000).fill(-1), work, () => {}, live);
  expect(results).toEqual(Array(1_000).fill(undefined));
  expect(calls.length).toBeLessThanOrEqual(64);
});

test.each([
  ['an outage', [1, 2], new UnavailableError('the store is down')],
  ['a single item', [1], new TypeError('x')],
] as const)('%s is rethrown', async (_, items, error) => {
  let calls = 0;
  const work = async () => {
    calls++;
    throw error;
  };
  await expect(isolateFailures(items, work, unexpected, live)).rejects.toBe(error);
  expect(calls).toBe(1);
});

test('ends when its time is over', async () => {
  const { calls, work } = handler();
  await isolateFailures(
    [1, -1, 2],
    work,
    () => {},
    () => calls.length > 0,
  );
  expect(calls).toEqual([3]);
});
