import { expect, test } from 'vitest';
import { createPageReads } from './page-reads.ts';

/** Reads that the test ends. */
function controlledReads() {
  const started: PromiseWithResolvers<string>[] = [];
  const read = () => {
    const turn = Promise.withResolvers<string>();
    started.push(turn);
    return turn.promise;
  };
  return { started, read };
}

test('further reads wait for their turn, also after a failure', async () => {
  const { run } = createPageReads({ maxInWork: 2 });
  const { started, read } = controlledReads();
  const results = ['ada', 'bob', 'cleo', 'dora'].map((caller) => run(caller, read) as Promise<string>);
  expect(started).toHaveLength(2);
  started[0]?.reject(new Error('the store is down'));
  await expect(results[0]).rejects.toThrow('the store is down');
  expect(started).toHaveLength(3);
  started[1]?.resolve('page');
  expect(await results[1]).toBe('page');
  expect(started).toHaveLength(4);
  for (const turn of started) turn.resolve('page');
  expect(await Promise.all(results.slice(1))).toEqual(['page', 'page', 'page']);
});

test('a caller with too many reads is refused, and another caller is not', async () => {
  const { run } = createPageReads({ maxInWork: 1, maxPerCaller: 2, max: 3 });
  const { started, read } = controlledReads();
  const first = run('ada', read);
  const second = run('ada', read);
  expect(run('ada', read)).toBe('caller');
  const other = run('bob', read);
  expect(run('cleo', read)).toBe('replica');
  started[0]?.resolve('page');
  await first;
  started[1]?.resolve('page');
  await second;
  started[2]?.resolve('page');
  await other;
  expect(run('ada', read)).toBeInstanceOf(Promise);
});
