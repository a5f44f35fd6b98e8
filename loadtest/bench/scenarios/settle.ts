import { TOPICS } from '@standing-order/contracts';
import type { Load, LoadResult } from '../generator/load.ts';
import { Documents } from '../measure/documents.ts';
import { type PerOrder, perOrder } from '../measure/per-order.ts';
import { between, sample } from '../measure/sample.ts';
import { settledPerSecond, settlementTimes } from '../measure/settlement.ts';
import { percentile } from '../measure/statistics.ts';
import type { Bench, Rig } from '../rig/rig.ts';
import type { Settings } from '../settings.ts';
import { offerTo } from './offer-to.ts';

/** What is offered, and for how long. */
type Shape = Pick<Load, 'loop' | 'warmupSeconds' | 'seconds'>;

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

/** Offers orders and waits until they are settled, as long as the settings say. */
export async function settle(bench: Bench, rig: Rig, settings: Settings, shape: Shape): Promise<Settled> {
  const documents = new Documents(rig.redis);
  const before = await sample(rig);
  const { load, ids } = await offerTo(bench, rig, shape);
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
  const dead = new Set(Object.values(TOPICS).map(({ deadLetter }): string => deadLetter));
  return Object.entries(messages).reduce((sum, [topic, count]) => sum + (dead.has(topic) ? count : 0), 0);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
