import type { Settings } from '../settings.ts';
import type { Contender } from '../testbed/contender.ts';
import { createEntities } from '../testbed/entities.ts';
import { type Bench, withTestbed } from '../testbed/testbed.ts';
import { type DecidedLoad, runUntilDecided } from './run-until-decided.ts';

/** The result of one arrival rate with the validators running. */
export interface Step {
  /** Orders offered per second. */
  readonly rate: number;
  readonly decided: DecidedLoad;
}

/** Offers orders at rising rates, each until all orders are decided: up to the capacity and beyond. */
export const measureSteps = (
  bench: Bench,
  contender: Contender,
  settings: Settings,
  onStep: (step: Step) => void,
): Promise<void> =>
  withTestbed(bench, { contender, validators: true }, async (testbed) => {
    await createEntities(testbed.urls);
    const { rates, warmup: warmupSeconds, seconds } = settings.steps;
    for (const rate of rates) {
      const shape = { loop: { kind: 'open', rate }, warmupSeconds, seconds } as const;
      onStep({ rate, decided: await runUntilDecided(bench, testbed, settings, shape) });
    }
  });
