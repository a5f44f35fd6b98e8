import { expect, test } from 'vitest';
import { createManualClock } from './manual-clock.ts';

test('timers fire in the order in which they are due, each at its own time, also those that a timer sets', () => {
  const clock = createManualClock();
  const fired: [string, number][] = [];
  const mark = (name: string) => () => void fired.push([name, clock.wall()]);
  clock.setTimer(30, mark('late'));
  clock.setTimer(10, () => {
    mark('early')();
    clock.setTimer(5, mark('nested'));
  });
  const cancel = clock.setTimer(20, mark('cancelled'));
  cancel();
  clock.advance(29);
  expect(fired).toEqual([
    ['early', 10],
    ['nested', 15],
  ]);
  clock.advance(1);
  expect(fired.at(-1)).toEqual(['late', 30]);
  expect([clock.wall(), clock.monotonic()]).toEqual([30, 30]);
});

test('promises come to rest before each timer when the clock advances slowly', async () => {
  const clock = createManualClock();
  let timers = 0;
  const tick = async (): Promise<void> => {
    await Promise.resolve();
    timers++;
    clock.setTimer(10, () => void tick());
  };
  void tick();
  await clock.advanceSlowly(35);
  expect(timers).toBe(4);
});
