import { topics } from '@standing-order/contracts';
import type { LoadResult, Loop } from '../generator/load.ts';
import { Documents } from '../measure/documents.ts';
import { type PerOrder, perOrder } from '../measure/per-order.ts';
import { between, sample } from '../measure/sample.ts';
import { settledPerSecond, settlementTimes } from '../measure/settlement.ts';
import { percentile } from '../measure/statistics.ts';
import type { Contender } from '../rig/contender.ts';
import { createEntities } from '../rig/entities.ts';
import { maybeProfiled, type Profile } from '../rig/inspector.ts';
import { type Bench, type Rig, startRig } from '../rig/rig.ts';
import type { Settings } from '../settings.ts';
import { offerTo } from './offer-to.ts';

/** One load with validators and settlement at work. */
export interface Settled {
  readonly load: LoadResult;
  /** In the time in which orders were offered. */
  readonly settledPerSecond: number;
  /** Milliseconds from the making of an order to its settlement, for those offered in the counted time and settled at last. */
  readonly settlement: { readonly p50: number; readonly p99: number };
  /** Orders by status when the wait for settlement was over; `LOST` is not stored at all. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Messages that ended in a dead-letter topic. */
  readonly deadLetters: number;
  /** Milliseconds from the end of the load to the last settlement. */
  readonly drainMs: number;
  /** From the first order of the warm-up until everything was settled, by acknowledged order. */
  readonly perOrder: PerOrder;
}

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
    const open = await settle(bench, rig, settings, { kind: 'open', rate: settings.wholeRate });
    const closed = await maybeProfiled(profile, () =>
      settle(bench, rig, settings, { kind: 'closed', concurrency: settings.concurrency }),
    );
    return { closed, open };
  } finally {
    await rig.close();
  }
}

async function settle(bench: Bench, rig: Rig, settings: Settings, loop: Loop): Promise<Settled> {
  const documents = new Documents(rig.redis);
  const before = await sample(rig);
  const { warmup, seconds } =
    loop.kind === 'closed' ? settings.sustained : { warmup: settings.warmup, seconds: settings.open };
  const { load, ids } = await offerTo(bench, rig, { loop, warmupSeconds: warmup, seconds });
  await documents.untilSettled(ids, settings.drain * 1000, bench.signal);
  const after = await sample(rig);
  const readsSoFar = documents.reads;
  const orders = await documents.read(ids);
  const found = orders.filter((order) => order !== undefined);
  const times = settlementTimes(found, load.from, load.to);
  const last = found.reduce((latest, { settledAt }) => Math.max(latest, settledAt ?? 0), 0);
  const used = between(before, after);
  return {
    load,
    settledPerSecond: settledPerSecond(found, load.from, load.to),
    settlement: { p50: percentile(times, 50), p99: percentile(times, 99) },
    statuses: countBy(orders.map((order) => order?.status ?? 'LOST')),
    deadLetters: deadLetters(used.messages),
    drainMs: Math.max(0, last - load.to),
    perOrder: perOrder(used, ids.length, readsSoFar),
  };
}

function deadLetters(messages: Readonly<Record<string, number>>): number {
  const dead = new Set(Object.values(topics).map(({ deadLetter }): string => deadLetter));
  return Object.entries(messages).reduce((sum, [topic, count]) => sum + (dead.has(topic) ? count : 0), 0);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
