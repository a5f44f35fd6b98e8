import { expect, it } from 'vitest';
import { keepLooking } from './looking.ts';

/** A clock that stands still, and what it has been asked for. */
function world(look: () => Promise<boolean>) {
  const timers: { ms: number; fire: () => void }[] = [];
  const clock = {
    setTimer(ms: number, fire: () => void) {
      const timer = { ms, fire };
      timers.push(timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at >= 0) timers.splice(at, 1);
      };
    },
  };
  const looking = keepLooking(clock, look);
  /** Lets the one pause that there is pass, and the look after it; how long the pause was. */
  async function pass(): Promise<number> {
    expect(timers).toHaveLength(1);
    const [timer] = timers.splice(0) as [(typeof timers)[number]];
    timer.fire();
    await new Promise(setImmediate);
    return timer.ms;
  }
  return { looking, pass, timers };
}

it('pauses get longer while nothing is new, and start over with news', async () => {
  let news = false;
  const { pass } = world(async () => news);
  const pauses = [];
  for (let n = 0; n < 8; n++) pauses.push(await pass());
  expect(pauses).toEqual([100, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
  news = true;
  await pass();
  expect([await pass(), await pass()]).toEqual([100, 100]);
});

it('a look that fails has found nothing', async () => {
  const { pass } = world(() => Promise.reject(new Error('the store is down')));
  expect([await pass(), await pass(), await pass()]).toEqual([100, 100, 200]);
});

it('who wants it sooner gets it at once, or right after the look under way', async () => {
  let finish = () => {};
  let looks = 0;
  const { looking, pass, timers } = world(() => {
    looks++;
    return new Promise((resolve) => {
      finish = () => resolve(false);
    });
  });
  looking.sooner();
  expect(await pass()).toBe(0);
  looking.sooner();
  expect([looks, timers]).toEqual([1, []]);
  finish();
  await new Promise(setImmediate);
  expect(await pass()).toBe(0);
  expect(looks).toBe(2);
});

it('nothing happens any more once it is stopped', async () => {
  let looks = 0;
  const { looking, pass, timers } = world(async () => {
    looks++;
    looking.stop();
    return true;
  });
  await pass();
  looking.sooner();
  expect([looks, timers]).toEqual([1, []]);
});
