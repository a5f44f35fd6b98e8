import type { LoadResult, Loop } from '../generator/load.ts';
import { Documents } from '../measure/documents.ts';
import { type PerOrder, perOrder } from '../measure/per-order.ts';
import { between, type Sample, sample } from '../measure/sample.ts';
import { maybeProfiled, type Profiler } from '../profile/profiler.ts';
import type { Contender } from '../rig/contender.ts';
import { type Bench, type Rig, startRig } from '../rig/rig.ts';
import type { Settings } from '../settings.ts';
import { offerTo } from './offer-to.ts';

/** One load and what an order of it cost, in the counted time. */
export interface Accepted {
  readonly load: LoadResult;
  readonly perOrder: PerOrder;
}

export interface AcceptanceRun {
  readonly closed: Accepted;
  readonly open: Accepted;
}

/**
 * Takes orders while nobody answers commands: what it costs to accept, nothing else at work. With a profiler the
 * closed loop is profiled.
 */
export async function acceptance(
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profiler?: Profiler,
): Promise<AcceptanceRun> {
  const rig = await startRig(bench, { contender, validators: false, inspect: profiler?.ports });
  try {
    await preload(bench, rig, settings);
    const closed = await maybeProfiled(profiler, rig, settings.warmup + settings.closed, () =>
      accept(bench, rig, settings, { kind: 'closed', concurrency: settings.concurrency }),
    );
    const open = await accept(bench, rig, settings, { kind: 'open', rate: settings.acceptanceRate });
    return { closed, open };
  } finally {
    await rig.close();
  }
}

/** Bounded in time too: on a slow machine it does what it can. */
async function preload(bench: Bench, rig: Rig, { concurrency, preload: maxRequests }: Settings): Promise<void> {
  await offerTo(bench, rig, { loop: { kind: 'closed', concurrency }, warmupSeconds: 0, seconds: 20, maxRequests });
}

async function accept(bench: Bench, rig: Rig, settings: Settings, loop: Loop): Promise<Accepted> {
  const samples: Promise<Sample>[] = [];
  const seconds = loop.kind === 'closed' ? settings.closed : settings.open;
  const { load, ids } = await offerTo(bench, rig, { loop, warmupSeconds: settings.warmup, seconds }, (_, generator) =>
    samples.push(sample(rig, { generator })),
  );
  const [before, after] = await Promise.all(samples);
  if (before === undefined || after === undefined)
    throw new Error('the load generator did not say when its time began and ended');
  await requireStored(rig, ids);
  const orders = load.acknowledgedPerSecond * ((load.to - load.from) / 1000);
  return { load, perOrder: perOrder(between(before, after), orders) };
}

/** An acknowledged order that is not in Redis makes every number of its contender worthless. */
async function requireStored(rig: Rig, ids: readonly string[]): Promise<void> {
  if (!rig.stores) return;
  const documents = await new Documents(rig.redis).read(ids);
  const lost = ids.filter((_, i) => documents[i] === undefined);
  if (lost.length > 0)
    throw new Error(`${lost.length} of ${ids.length} acknowledged orders are not stored, such as ${lost[0]}`);
}
