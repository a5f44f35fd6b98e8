import { describe, expect, it } from 'vitest';
import { createWorkQueue } from './work-queue.ts';

describe('a work queue', () => {
  it('bounds the running and the queued work, and does all of it', async () => {
    const failures: unknown[] = [];
    const work = createWorkQueue(2, 3, (error) => failures.push(error));
    let running = 0;
    let maxRunning = 0;
    let done = 0;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const { promise: allDone, resolve: finish } = Promise.withResolvers<void>();
    const one = async () => {
      maxRunning = Math.max(maxRunning, ++running);
      await opened;
      running--;
      if (++done === 20) finish();
    };
    let placed = 0;
    const adding = Promise.all(Array.from({ length: 20 }, () => work.add(one).then(() => placed++)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(placed).toBe(5);
    open();
    await adding;
    await allDone;
    expect(maxRunning).toBe(2);
    expect(failures).toEqual([]);
  });

  it('continues after a failure', async () => {
    const failures: unknown[] = [];
    const work = createWorkQueue(1, 10, (error) => failures.push(error));
    const { promise, resolve } = Promise.withResolvers<void>();
    await work.add(async () => {
      throw new Error('no');
    });
    await work.add(async () => resolve());
    await promise;
    expect(failures).toEqual([new Error('no')]);
  });
});
