import { describe, expect, test } from 'vitest';
import { runSeed } from './run.ts';

/** The first seed. Set SIM_SEED to run other schedules than CI. */
export const FIRST = Number(process.env.SIM_SEED ?? 1);
/** Number of schedules of a complete run. */
export const SCHEDULES = Number(process.env.SIM_SCHEDULES ?? 1000);
const SHARES = 4;
const PER_TEST = 50;

/** Registers one of four equal shares of the schedules, so that test files can run in parallel. */
export function testShare(share: number): void {
  const from = FIRST + Math.floor((SCHEDULES * share) / SHARES);
  const to = FIRST + Math.floor((SCHEDULES * (share + 1)) / SHARES);
  describe(`fault schedules ${from} to ${to - 1}`, () => {
    for (let first = from; first < to; first += PER_TEST) {
      const last = Math.min(first + PER_TEST, to) - 1;
      test(`${first} to ${last} keep every invariant`, async () => {
        for (let seed = first; seed <= last; seed++) {
          const { violation } = await runSeed(seed);
          expect(violation, replayHint(seed)).toBeUndefined();
        }
      });
    }
  });
}

/** The command that replays a seed. */
export function replayHint(
  seed: number,
  options: { readonly variant?: string; readonly expiry?: boolean | undefined } = {},
): string {
  const { variant, expiry } = options;
  const flags = `${expiry ? ' --expiry' : ''}${variant === undefined ? '' : ` --variant ${variant}`}`;
  return `replay with: npm run replay -- --seed ${seed}${flags} --verbose`;
}
