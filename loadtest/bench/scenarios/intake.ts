import type { LoadResult, Loop } from '../generator/load.ts';
import { Documents } from '../measure/documents.ts';
import { type PerOrder, perOrder } from '../measure/per-order.ts';
import { between, type Sample, sample } from '../measure/sample.ts';
import { maybeProfiled, type Profiler } from '../profile/profiler.ts';
import type { Settings } from '../settings.ts';
import type { Contender } from '../testbed/contender.ts';
import { type Bench, type Testbed, withTestbed } from '../testbed/testbed.ts';
import { sendOrders } from './send-orders.ts';

/** One load at intake, and the cost of an order in the measured time. */
export interface Intake {
  readonly load: LoadResult;
  readonly perOrder: PerOrder;
}

export interface IntakeRun {
  readonly closed: Intake;
  readonly open: Intake;
}

/** Measures intake alone: the validators are down. With a profiler, the closed loop is profiled. */
export const measureIntake = (
  bench: Bench,
  contender: Contender,
  settings: Settings,
  profiler?: Profiler,
): Promise<IntakeRun> =>
  withTestbed(bench, { contender, validators: false, inspect: profiler?.ports }, async (testbed) => {
    await preload(testbed, settings);
    const { warmup, concurrency } = settings;
    const closed = await maybeProfiled(profiler, testbed, warmup + settings.closed, () =>
      measureLoad(testbed, warmup, settings.closed, { kind: 'closed', concurrency }),
    );
    const open = await measureLoad(testbed, warmup, settings.open, { kind: 'open', rate: settings.intakeRate });
    return { closed, open };
  });

/** Fills the send windows of the relay. Bounded in time for slow machines. */
async function preload(testbed: Testbed, { concurrency, preload: maxRequests }: Settings): Promise<void> {
  await sendOrders(testbed, { loop: { kind: 'closed', concurrency }, warmupSeconds: 0, seconds: 20, maxRequests });
}

async function measureLoad(testbed: Testbed, warmupSeconds: number, seconds: number, loop: Loop): Promise<Intake> {
  const samples: Promise<Sample>[] = [];
  const { load, ids } = await sendOrders(testbed, { loop, warmupSeconds, seconds }, (_, generator) =>
    samples.push(sample(testbed, { generator: [generator] })),
  );
  const [before, after] = await Promise.all(samples);
  if (before === undefined || after === undefined)
    throw new Error('the load generator did not report the start and the end of its measured time');
  await requireStored(testbed, ids);
  const orders = load.acknowledgedPerSecond * ((load.to - load.from) / 1000);
  return { load, perOrder: perOrder(between(before, after), orders) };
}

/** An acknowledged order that is not in Redis invalidates every number of its contender. */
async function requireStored({ redis, stores }: Testbed, ids: readonly string[]): Promise<void> {
  if (!stores) return;
  const documents = await new Documents(redis).read(ids);
  const lost = ids.filter((_, i) => documents[i] === undefined);
  if (lost.length > 0)
    throw new Error(`${lost.length} of ${ids.length} acknowledged orders are not stored, such as ${lost[0]}`);
}
