import { expect, test } from 'vitest';
import { poll } from './poll.ts';

const always = () => true;

test('poll repeats after an error, and rejects at once after a failed assertion', async () => {
  let polls = 0;
  const read = (): number => {
    if (++polls === 1) throw new Error('not there yet');
    return polls;
  };
  expect(await poll('the second poll', read, always)).toBe(2);
  await expect(poll('never', () => expect(1).toBe(2), always)).rejects.toThrow('expected 1 to be 2');
});
