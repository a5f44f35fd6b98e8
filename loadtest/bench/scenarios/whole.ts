import { maybeProfiled, type Profiler } from '../profile/profiler.ts';
import type { Contender } from '../rig/contender.ts';
import { createEntities } from '../rig/entities.ts';
import { type Bench, startRig } from '../rig/rig.ts';
import type { Settings } from '../settings.ts';
import { type Settled, settle } from './settle.ts';

export interface WholeRun {
  readonly closed: Settled;
  readonly open: Settled;
}

/** Takes and settles orders with everything at work on the same cores. With a profiler the closed loop and its drain are profiled. */
export async function whole(
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profiler?: Profiler,
): Promise<WholeRun> {
  const rig = await startRig(bench, { contender, validators: true, inspect: profiler?.ports });
  try {
    await createEntities(rig.urls);
    const open = await settle(bench, rig, settings, {
      loop: { kind: 'open', rate: settings.wholeRate },
      warmupSeconds: settings.warmup,
      seconds: settings.open,
    });
    const { warmup, seconds } = settings.sustained;
    const closed = await maybeProfiled(profiler, rig, warmup + seconds, () =>
      settle(bench, rig, settings, {
        loop: { kind: 'closed', concurrency: settings.concurrency },
        warmupSeconds: warmup,
        seconds,
      }),
    );
    return { closed, open };
  } finally {
    await rig.close();
  }
}
