import { TOPICS } from '@standing-order/contracts';
import type { LoadResult } from '../generator/load.ts';
import { decidedPerSecond, decisionTimes } from '../measure/decisions.ts';
import { Documents } from '../measure/documents.ts';
import { type PerOrder, perOrder } from '../measure/per-order.ts';
import { between, sample } from '../measure/sample.ts';
import { percentile } from '../measure/statistics.ts';
import type { Settings } from '../settings.ts';
import type { Bench, Testbed } from '../testbed/testbed.ts';
import { type LoadShape, sendOrders } from './send-orders.ts';

/** One load with the validators running. */
export interface DecidedLoad {
  readonly load: LoadResult;
  /** While orders were offered. */
  readonly decidedPerSecond: number;
  /** Milliseconds from creation to decision, of the orders that were offered in the measured time and decided in the end. */
  readonly decision: { readonly p50: number; readonly p99: number };
  /** Orders by status at the end of the wait for decisions; `LOST` is not stored at all. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Messages in dead-letter topics; NaN without topics on Redis. */
  readonly deadLetters: number;
  /** Milliseconds from the end of the load to the last decision. */
  readonly drainMs: number;
  /** From the first order of the warm-up to the last decision, per acknowledged order. */
  readonly perOrder: PerOrder;
}

/** Sends orders and waits until they are decided, at most as long as the settings allow. */
export async function runUntilDecided(
  bench: Bench,
  testbed: Testbed,
  settings: Settings,
  shape: LoadShape,
): Promise<DecidedLoad> {
  const documents = new Documents(testbed.redis);
  const before = await sample(testbed);
  const { load, ids } = await sendOrders(testbed, shape);
  await documents.untilDecided(ids, settings.drain * 1000, bench.signal);
  const after = await sample(testbed);
  const readsSoFar = documents.reads;
  const orders = await documents.read(ids);
  const stored = orders.filter((order) => order !== undefined);
  const times = decisionTimes(stored, load.from, load.to);
  const last = stored.reduce((latest, { settledAt }) => Math.max(latest, settledAt ?? 0), 0);
  const used = between(before, after);
  return {
    load,
    decidedPerSecond: decidedPerSecond(stored, load.from, load.to),
    decision: { p50: percentile(times, 50), p99: percentile(times, 99) },
    statuses: countBy(orders.map((order) => order?.status ?? 'LOST')),
    deadLetters: Object.values(TOPICS).reduce(
      (sum, { deadLetter }) => sum + (used.messages[deadLetter] ?? Number.NaN),
      0,
    ),
    drainMs: Math.max(0, last - load.to),
    perOrder: perOrder(used, ids.length, readsSoFar),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
