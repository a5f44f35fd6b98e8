import { describe, expect, it } from 'vitest';
import { background } from './background.ts';

describe('background', () => {
  it('bounds what is under way and what waits, and does all of it', async () => {
    const failures: unknown[] = [];
    const work = background(2, 3, (error) => failures.push(error));
    let underWay = 0;
    let most = 0;
    let done = 0;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const { promise: allDone, resolve: finish } = Promise.withResolvers<void>();
    const one = async () => {
      most = Math.max(most, ++underWay);
      await opened;
      underWay--;
      if (++done === 20) finish();
    };
    let placed = 0;
    const adding = Promise.all(Array.from({ length: 20 }, () => work.add(one).then(() => placed++)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(placed).toBe(5);
    open();
    await adding;
    await allDone;
    expect(most).toBe(2);
    expect(failures).toEqual([]);
  });

  it('goes on after a failure', async () => {
    const failures: unknown[] = [];
    const work = background(1, 10, (error) => failures.push(error));
    const { promise, resolve } = Promise.withResolvers<void>();
    await work.add(async () => {
      throw new Error('no');
    });
    await work.add(async () => resolve());
    await promise;
    expect(failures).toEqual([new Error('no')]);
  });
});
