import { expect, test } from 'vitest';
import { createBatcher } from './batcher.ts';

/** A batcher whose runs the test ends. The result of an item is ten times the item. */
function setUp() {
  const runs: { readonly items: readonly number[]; end(): void; fail(error: Error): void }[] = [];
  const add = createBatcher<number, number>((items) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
    runs.push({ items, end: () => resolve(items.map((item) => 10 * item)), fail: reject });
    return promise;
  });
  return { add, runs };
}

test('starts the first run at once, and batches the items that are added during a run', async () => {
  const { add, runs } = setUp();
  const first = add([1]);
  const others = [add([2, 3]), add([]), add([4])];
  expect(runs.map(({ items }) => items)).toEqual([[1]]);
  runs[0]?.end();
  expect(await first).toEqual([10]);
  await expect.poll(() => runs.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
  runs[1]?.end();
  expect(await Promise.all(others)).toEqual([[20, 30], [], [40]]);
});

test('rejects the calls of a failed run only', async () => {
  const { add, runs } = setUp();
  const first = add([1]);
  const second = add([2]);
  runs[0]?.fail(new Error('no'));
  await expect(first).rejects.toThrow('no');
  await expect.poll(() => runs[1]?.items).toEqual([2]);
  runs[1]?.end();
  expect(await second).toEqual([20]);
});
