import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('works of one lane never overlap, those of others go on, and one that fails holds up nobody', async () => {
  const turn = createTurns(2);
  const log: string[] = [];
  let release = () => {};
  const first = turn(0, async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    log.push('first');
    throw new Error('no luck');
  });
  const second = turn(0, async () => log.push('second'));
  await turn(1, async () => log.push('other lane'));
  release();
  await expect(first).rejects.toThrow('no luck');
  await second;
  expect(log).toEqual(['other lane', 'first', 'second']);
});

test('only so many of a lane wait; the next one is told to come back', async () => {
  const turn = createTurns(1);
  const works = Array.from({ length: 257 }, (_, n) => turn(0, async () => n).catch((error: Error) => error.message));
  expect(await works[256]).toContain('nothing was stored');
  expect(await Promise.all(works.slice(0, 256))).toEqual(Array.from({ length: 256 }, (_, n) => n));
  expect(await turn(0, async () => 'again')).toBe('again');
});
