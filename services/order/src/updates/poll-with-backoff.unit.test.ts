import { expect, it } from 'vitest';
import { startPolling } from './poll-with-backoff.ts';

/** A poller on a clock that does not advance, and the timers that it has set. */
function pollManually(poll: () => Promise<boolean>) {
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
  const poller = startPolling(clock, poll);
  /** Ends the one pause and lets the poll after it run. Returns the length of the pause. */
  async function pass(): Promise<number> {
    expect(timers).toHaveLength(1);
    const [timer] = timers.splice(0) as [(typeof timers)[number]];
    timer.fire();
    await new Promise(setImmediate);
    return timer.ms;
  }
  return { poller, pass, timers };
}

it('doubles the pauses while polls find no change, and restarts with a change', async () => {
  let hasChanged = false;
  const { pass } = pollManually(async () => hasChanged);
  const pauses = [];
  for (let n = 0; n < 8; n++) pauses.push(await pass());
  expect(pauses).toEqual([100, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
  hasChanged = true;
  await pass();
  expect([await pass(), await pass()]).toEqual([100, 100]);
});

it('counts a failed poll as no change', async () => {
  const { pass } = pollManually(() => Promise.reject(new Error('the store is down')));
  expect([await pass(), await pass(), await pass()]).toEqual([100, 100, 200]);
});

it('polls at once when it is poked, or right after the poll in flight', async () => {
  let finish = () => {};
  let polls = 0;
  const { poller, pass, timers } = pollManually(() => {
    polls++;
    return new Promise((resolve) => {
      finish = () => resolve(false);
    });
  });
  poller.poke();
  expect(await pass()).toBe(0);
  poller.poke();
  expect([polls, timers]).toEqual([1, []]);
  finish();
  await new Promise(setImmediate);
  expect(await pass()).toBe(0);
  expect(polls).toBe(2);
});

it('does not poll after it has been stopped', async () => {
  let polls = 0;
  const { poller, pass, timers } = pollManually(async () => {
    polls++;
    poller.stop();
    return true;
  });
  await pass();
  poller.poke();
  expect([polls, timers]).toEqual([1, []]);
});
