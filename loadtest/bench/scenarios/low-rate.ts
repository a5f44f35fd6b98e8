import { maybeProfiled, type Profiler } from '../profile/profiler.ts';
import type { Settings } from '../settings.ts';
import type { Contender } from '../testbed/contender.ts';
import { createEntities } from '../testbed/entities.ts';
import { type Bench, withTestbed } from '../testbed/testbed.ts';
import { type DecidedLoad, runUntilDecided } from './run-until-decided.ts';

/**
 * Measures the open loop of the end-to-end scenario alone, so that the runs of two contenders are half a minute apart, and not
 * minutes. At this rate latency depends on the processor time that the machine has at that moment.
 */
export const measureLowRate = (
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profiler?: Profiler,
): Promise<DecidedLoad> =>
  withTestbed(bench, { contender, validators: true, inspect: profiler?.ports }, async (testbed) => {
    await createEntities(testbed.urls);
    const { warmup, seconds } = settings.moderate;
    return maybeProfiled(profiler, testbed, warmup + seconds, () =>
      runUntilDecided(bench, testbed, settings, {
        loop: { kind: 'open', rate: settings.endToEndRate },
        warmupSeconds: warmup,
        seconds,
      }),
    );
  });
