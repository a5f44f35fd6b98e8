import { describe, expect, test } from 'vitest';
import { runSchedule } from './run.ts';
import { createSchedule } from './schedule.ts';
import { FIRST, replayHint, SCHEDULES } from './seeds.ts';
import { variants } from './variants.ts';

/** All of them, the one that is known to bite first. */
function schedules(first: number): number[] {
  const all = Array.from({ length: SCHEDULES }, (_, i) => FIRST + i);
  return all.includes(first) ? [first, ...all.filter((seed) => seed !== first)] : all;
}

describe('an outbox that is broken on purpose is caught', () => {
  for (const [name, variant] of Object.entries(variants)) {
    test(`${name}: ${variant.hole}`, async () => {
      for (const seed of schedules(variant.seed)) {
        const schedule = createSchedule(seed);
        if (variant.dialect !== undefined && variant.dialect !== schedule.dialect) continue;
        const { violation } = await runSchedule(schedule, { variant });
        if (violation === undefined) continue;
        process.stdout.write(`${name}: seed ${seed}, invariant ${violation.invariant}: ${violation.what}\n`);
        expect(variant.caughtBy, replayHint(seed, name)).toContain(violation.invariant);
        return;
      }
      expect.fail(`not caught by ${SCHEDULES} schedules`);
    });
  }

  // The sixth has a variant of its own in memory.sim.test.ts, and a store without an admission limit one in flow.sim.test.ts.
  test('each of the first five invariants catches at least one of them', () => {
    const caught = new Set(Object.values(variants).flatMap(({ caughtBy }) => caughtBy));
    expect([...caught].sort()).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]));
  });
});
