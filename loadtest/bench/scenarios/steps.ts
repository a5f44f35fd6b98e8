import type { Contender } from '../rig/contender.ts';
import { createEntities } from '../rig/entities.ts';
import { type Bench, startRig } from '../rig/rig.ts';
import type { Settings } from '../settings.ts';
import { type Settled, settle } from './settle.ts';

/** What came of one rate of arrivals with everything at work. */
export interface Step {
  /** Orders offered per second. */
  readonly rate: number;
  readonly settled: Settled;
}

/** Offers orders at rising rates, each until everything is settled: up to where settlement follows acceptance, and beyond. */
export async function steps(
  bench: Bench,
  contender: Contender,
  settings: Settings,
  onStep: (step: Step) => void,
): Promise<void> {
  const { rates, warmup, seconds } = settings.steps;
  const rig = await startRig(bench, { contender, validators: true });
  try {
    await createEntities(rig.urls);
    for (const rate of rates) {
      const shape = { loop: { kind: 'open', rate }, warmupSeconds: warmup, seconds } as const;
      onStep({ rate, settled: await settle(bench, rig, settings, shape) });
    }
  } finally {
    await rig.close();
  }
}
