import { maybeProfiled, type Profiler } from '../profile/profiler.ts';
import type { Settings } from '../settings.ts';
import type { Contender } from '../testbed/contender.ts';
import { createEntities } from '../testbed/entities.ts';
import { type Bench, withTestbed } from '../testbed/testbed.ts';
import { type DecidedLoad, runUntilDecided } from './run-until-decided.ts';

export interface EndToEndRun {
  readonly closed: DecidedLoad;
  readonly open: DecidedLoad;
}

/** Measures intake and decisions with all services on the same cores. With a profiler, the closed loop and its drain are profiled. */
export const measureEndToEnd = (
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profiler?: Profiler,
): Promise<EndToEndRun> =>
  withTestbed(bench, { contender, validators: true, inspect: profiler?.ports }, async (testbed) => {
    await createEntities(testbed.urls);
    const open = await runUntilDecided(bench, testbed, settings, {
      loop: { kind: 'open', rate: settings.endToEndRate },
      warmupSeconds: settings.warmup,
      seconds: settings.open,
    });
    const { warmup, seconds } = settings.sustained;
    const closed = await maybeProfiled(profiler, testbed, warmup + seconds, () =>
      runUntilDecided(bench, testbed, settings, {
        loop: { kind: 'closed', concurrency: settings.concurrency },
        warmupSeconds: warmup,
        seconds,
      }),
    );
    return { closed, open };
  });
