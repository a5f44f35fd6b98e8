import { maybeProfiled, type Profiler } from '../profile/profiler.ts';
import type { Settings } from '../settings.ts';
import type { Contender } from '../testbed/contender.ts';
import { createEntities } from '../testbed/entities.ts';
import { type Bench, withTestbed } from '../testbed/testbed.ts';
import { type DecidedLoad, runUntilDecided } from './run-until-decided.ts';

export interface EndToEndRun {
  readonly closed: DecidedLoad;
  readonly open: DecidedLoad;
  /** Open loop at half of the rate at which ours decided orders in the closed loop of the same round. */
  readonly half: DecidedLoad;
}

/**
 * Measures intake and decisions with all services on the same cores. With a profiler, the closed loop and its drain are profiled.
 *
 * @param saturation decided orders per second to which `half` refers; default: that of this run
 */
export const measureEndToEnd = (
  bench: Bench,
  contender: Contender,
  settings: Settings,
  saturation?: number,
  profiler?: Profiler,
): Promise<EndToEndRun> =>
  withTestbed(bench, { contender, validators: true, inspect: profiler?.ports }, async (testbed) => {
    await createEntities(testbed.urls);
    const openLoop = (rate: number) =>
      runUntilDecided(bench, testbed, settings, {
        loop: { kind: 'open', rate },
        warmupSeconds: settings.moderate.warmup,
        seconds: settings.moderate.seconds,
      });
    const open = await openLoop(settings.endToEndRate);
    const { warmup, seconds } = settings.sustained;
    const closed = await maybeProfiled(profiler, testbed, warmup + seconds, () =>
      runUntilDecided(bench, testbed, settings, {
        loop: { kind: 'closed', concurrency: settings.concurrency },
        warmupSeconds: warmup,
        seconds,
      }),
    );
    const half = await openLoop(Math.max(1, Math.round((saturation ?? closed.decidedPerSecond) / 2)));
    return { closed, open, half };
  });
