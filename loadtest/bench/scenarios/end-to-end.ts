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

/** Runs one loop until its orders are decided. With a profiler, the loop and its drain are profiled under this name. */
type RunLoop = (name: string, loop: LoadShape['loop'], duration: Settings['moderate']) => Promise<DecidedLoad>;

/** Does the work on a testbed with all services on the same cores, and with the entities that orders name. */
const withLoops = <T>(
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profiler: Profiler | undefined,
  work: (run: RunLoop) => Promise<T>,
): Promise<T> =>
  withTestbed(bench, { contender, validators: true, inspect: profiler?.ports }, async (testbed) => {
    await createEntities(testbed.urls);
    return work((name, loop, { warmup, seconds }) =>
      maybeProfiled(profiler && profilerOfPart(profiler, name), testbed, warmup + seconds, () =>
        runUntilDecided(bench, testbed, settings, { loop, warmupSeconds: warmup, seconds }),
      ),
    );
  });

const runOpenLoop = (run: RunLoop, { endToEndRate, moderate }: Settings): Promise<DecidedLoad> =>
  run('open', { kind: 'open', rate: endToEndRate }, moderate);

/**
 * Measures intake and decisions of an open and a closed loop, and of an open loop at half of the capacity.
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
  withLoops(bench, contender, settings, profiler, async (run) => {
    const open = await runOpenLoop(run, settings);
    const closed = await run('closed', { kind: 'closed', concurrency: settings.concurrency }, settings.sustained);
    const rate = Math.max(1, Math.round((saturation ?? closed.decidedPerSecond) / 2));
    const half = await run('half', { kind: 'open', rate }, settings.moderate);
    return { closed, open, half };
  });

/**
 * Measures the open loop of `measureEndToEnd` alone, so that the runs of two contenders are half a minute apart, and not
 * minutes. At this rate latency depends on the processor time that the machine has at that moment.
 */
export const measureLowRate = (
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profiler?: Profiler,
): Promise<DecidedLoad> => withLoops(bench, contender, settings, profiler, (run) => runOpenLoop(run, settings));
