import { maybeProfiled, type Profiler, profilerOfPart } from '../profile/profiler.ts';
import type { Settings } from '../settings.ts';
import type { Contender } from '../testbed/contender.ts';
import { createEntities } from '../testbed/entities.ts';
import { type Bench, withTestbed } from '../testbed/testbed.ts';
import { type DecidedLoad, runUntilDecided } from './run-until-decided.ts';
import type { LoadShape } from './send-orders.ts';

export interface EndToEndRun {
  readonly closed: DecidedLoad;
  readonly open: DecidedLoad;
  /** Open loop at half of the rate at which ours decided orders in the closed loop of the same round. */
  readonly half: DecidedLoad;
}

/**
 * Measures intake and decisions with all services on the same cores. With a profiler, every loop and its drain are profiled.
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
    const run = (name: string, loop: LoadShape['loop'], { warmup, seconds }: Settings['moderate']) =>
      maybeProfiled(profiler && profilerOfPart(profiler, name), testbed, warmup + seconds, () =>
        runUntilDecided(bench, testbed, settings, { loop, warmupSeconds: warmup, seconds }),
      );
    const open = await run('open', { kind: 'open', rate: settings.endToEndRate }, settings.moderate);
    const closed = await run('closed', { kind: 'closed', concurrency: settings.concurrency }, settings.sustained);
    const rate = Math.max(1, Math.round((saturation ?? closed.decidedPerSecond) / 2));
    const half = await run('half', { kind: 'open', rate }, settings.moderate);
    return { closed, open, half };
  });
