import type { Contender } from '../rig/contender.ts';
import { createEntities } from '../rig/entities.ts';
import { maybeProfiled, type Profile } from '../rig/inspector.ts';
import { type Bench, startRig } from '../rig/rig.ts';
import type { Settings } from '../settings.ts';
import { type Settled, settle } from './settle.ts';

export interface WholeRun {
  readonly closed: Settled;
  readonly open: Settled;
}

/** Takes and settles orders with everything at work on the same cores. With `profile`, the closed loop and its drain are profiled. */
export async function whole(
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profile?: Profile,
): Promise<WholeRun> {
  const rig = await startRig(bench, { contender, validators: true, inspectPort: profile?.port });
  try {
    await createEntities(rig.urls);
    const open = await settle(bench, rig, settings, {
      loop: { kind: 'open', rate: settings.wholeRate },
      warmupSeconds: settings.warmup,
      seconds: settings.open,
    });
    const closed = await maybeProfiled(profile, () =>
      settle(bench, rig, settings, {
        loop: { kind: 'closed', concurrency: settings.concurrency },
        warmupSeconds: settings.sustained.warmup,
        seconds: settings.sustained.seconds,
      }),
    );
    return { closed, open };
  } finally {
    await rig.close();
  }
}
