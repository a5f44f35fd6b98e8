import type { LoadResult, Loop } from '../generator/load.ts';
import { Documents } from '../measure/documents.ts';
import { type PerOrder, perOrder } from '../measure/per-order.ts';
import { between, sample } from '../measure/sample.ts';
import { settledPerSecond, settlementTimes } from '../measure/settlement.ts';
import { percentile } from '../measure/statistics.ts';
import type { Contender } from '../rig/contender.ts';
import { createEntities } from '../rig/entities.ts';
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
  /** Milliseconds from the end of the load to the last settlement. */
  readonly drainMs: number;
  /** From the first order of the warm-up until everything was settled, by acknowledged order. */
  readonly perOrder: PerOrder;
}

export interface WholeRun {
  readonly closed: Settled;
  readonly open: Settled;
}

/** Takes and settles orders with everything at work on the same cores. */
export async function whole(bench: Bench, contender: Contender, settings: Settings): Promise<WholeRun> {
  const rig = await startRig(bench, { contender, validators: true });
  try {
    await createEntities(rig.urls);
    const open = await settle(bench, rig, settings, { kind: 'open', rate: settings.wholeRate });
    const closed = await settle(bench, rig, settings, { kind: 'closed', concurrency: settings.concurrency });
    return { closed, open };
  } finally {
    await rig.close();
  }
}

async function settle(bench: Bench, rig: Rig, settings: Settings, loop: Loop): Promise<Settled> {
  const documents = new Documents(rig.redis);
  const before = await sample(rig);
  const seconds = loop.kind === 'closed' ? settings.closed : settings.open;
  const { load, ids } = await offerTo(bench, rig, { loop, warmupSeconds: settings.warmup, seconds });
  await documents.untilSettled(ids, settings.drain * 1000, bench.signal);
  const after = await sample(rig);
  const readsSoFar = documents.reads;
  const orders = await documents.read(ids);
  const found = orders.filter((order) => order !== undefined);
  const times = settlementTimes(found, load.from, load.to);
  const last = found.reduce((latest, { settledAt }) => Math.max(latest, settledAt ?? 0), 0);
  return {
    load,
    settledPerSecond: settledPerSecond(found, load.from, load.to),
    settlement: { p50: percentile(times, 50), p99: percentile(times, 99) },
    statuses: countBy(orders.map((order) => order?.status ?? 'LOST')),
    drainMs: Math.max(0, last - load.to),
    perOrder: perOrder(between(before, after), ids.length, readsSoFar),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
