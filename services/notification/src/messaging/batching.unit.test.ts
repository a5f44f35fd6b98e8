import { expect, test } from 'vitest';
import { createBatcher } from './batching.ts';

test('batches the items that are added during a run, and settles each call with its own run', async () => {
  const runs: { readonly items: readonly number[]; readonly end: PromiseWithResolvers<void> }[] = [];
  const add = createBatcher<number>((items) => {
    const end = Promise.withResolvers<void>();
    runs.push({ items, end });
    return end.promise;
  });
  const first = add([1]);
  const others = Promise.allSettled([add([2, 3]), add([4])]);
  expect(runs.map(({ items }) => items)).toEqual([[1]]);
  runs[0]?.end.resolve();
  await first;
  await expect.poll(() => runs.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
  runs[1]?.end.reject(new Error('no'));
  expect((await others).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const last = add([5]);
  await expect.poll(() => runs[2]?.items).toEqual([5]);
  runs[2]?.end.resolve();
  await last;
});
