import { expect, test } from 'vitest';
import { createKeyedMutex } from './keyed-mutex.ts';

test('runs the tasks of one key one after the other, beside those of other keys, and after one that fails', async () => {
  const run = createKeyedMutex(2);
  const log: string[] = [];
  let release = () => {};
  const first = run(0, async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    log.push('first');
    throw new Error('failed');
  });
  const second = run(0, async () => log.push('second'));
  await run(1, async () => log.push('other key'));
  release();
  await expect(first).rejects.toThrow('failed');
  await second;
  expect(log).toEqual(['other key', 'first', 'second']);
});

test('refuses a task when 256 tasks of its key are waiting', async () => {
  const run = createKeyedMutex(1);
  const tasks = Array.from({ length: 257 }, (_, n) => run(0, async () => n).catch((error: Error) => error.message));
  expect(await tasks[256]).toContain('was not stored');
  expect(await Promise.all(tasks.slice(0, 256))).toEqual(Array.from({ length: 256 }, (_, n) => n));
  expect(await run(0, async () => 'again')).toBe('again');
});
