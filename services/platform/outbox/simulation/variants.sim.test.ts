import { describe, expect, test } from 'vitest';
import { runSeed } from './run.ts';
import { FIRST, replayHint, SCHEDULES } from './seeds.ts';
import { variants } from './variants.ts';

describe('an outbox that is broken on purpose is caught', () => {
  for (const [name, variant] of Object.entries(variants)) {
    test(`${name}: ${variant.hole}`, async () => {
      for (let seed = FIRST; seed < FIRST + SCHEDULES; seed++) {
        const { violation } = await runSeed(seed, { variant });
        if (violation === undefined) continue;
        process.stdout.write(`${name}: seed ${seed}, invariant ${violation.invariant}: ${violation.what}\n`);
        expect(variant.caughtBy, replayHint(seed, name)).toContain(violation.invariant);
        return;
      }
      expect.fail(`not caught by ${SCHEDULES} schedules`);
    });
  }

  test('each invariant catches at least one of them', () => {
    const caught = new Set(Object.values(variants).flatMap(({ caughtBy }) => caughtBy));
    expect([...caught].sort()).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]));
  });
});
