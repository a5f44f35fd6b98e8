import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICIES } from '../src/index.ts';
import { runSchedule } from './run.ts';
import { scenarioVariants } from './scenario-variants.ts';
import { createExpirySchedule, createSchedule } from './schedule.ts';
import { FIRST, replayHint, SCHEDULES } from './seeds.ts';
import { variants } from './variants.ts';

/** All seeds, beginning with the one that is known to detect the variant. */
function seedsFrom(first: number): number[] {
  const all = Array.from({ length: SCHEDULES }, (_, i) => FIRST + i);
  return all.includes(first) ? [first, ...all.filter((seed) => seed !== first)] : all;
}

describe('an outbox that is broken on purpose is detected', () => {
  for (const [name, variant] of Object.entries(variants)) {
    test(`${name}: ${variant.defect}`, async () => {
      for (const seed of seedsFrom(variant.seed)) {
        const schedule = (variant.expiry ? createExpirySchedule : createSchedule)(seed);
        if (variant.dialect !== undefined && variant.dialect !== schedule.dialect) continue;
        const { violation } = await runSchedule(schedule, { variant });
        if (violation === undefined) continue;
        process.stdout.write(`${name}: seed ${seed}, invariant ${violation.invariant}: ${violation.what}\n`);
        expect(variant.caughtBy, replayHint(seed, { variant: name, expiry: variant.expiry })).toContain(
          violation.invariant,
        );
        return;
      }
      expect.fail(`not detected by ${SCHEDULES} schedules`);
    });
  }

  for (const [name, variant] of Object.entries(scenarioVariants)) {
    test(`${name}: ${variant.defect}`, async () => {
      expect(await variant.detect({})).toBeUndefined();
      const reason = await variant.detect(variant);
      process.stdout.write(`${name}: ${reason}\n`);
      expect(reason).toBeDefined();
    });
  }

  // The sixth has a variant in memory.sim.test.ts. A store without an admission limit has one in flow.sim.test.ts.
  test('each of the first five invariants detects at least one of them', () => {
    const caught = new Set(Object.values(variants).flatMap(({ caughtBy }) => caughtBy));
    expect([...caught].sort()).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]));
  });

  test('each policy is broken by at least one of them', () => {
    const broken = [...Object.values(variants), ...Object.values(scenarioVariants)].flatMap(({ policies }) =>
      Object.keys(policies ?? {}),
    );
    expect([...new Set(broken)].sort()).toEqual(Object.keys(DEFAULT_POLICIES).sort());
  });
});
