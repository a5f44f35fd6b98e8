import { expect, test } from 'vitest';
import { LATEST_WRITE_MS, type Revival } from './expirations.ts';
import { SimulationRun } from './run.ts';
import { createExpirySchedule } from './schedule.ts';
import { FIRST, replayHint } from './seeds.ts';
import type { SimStore } from './store.ts';

const SCHEDULES = 700;

/** Number of segments that no writer will read: those of writers that have been removed from the registry. */
function abandonedSegments(store: SimStore): number {
  const registry = store.get('writers')?.value as { readonly writers: readonly string[] } | undefined;
  return store.keys().filter((key) => {
    const [kind, writer = ''] = key.split(':');
    return kind === 's' && !registry?.writers.includes(writer);
  }).length;
}

/** The totals of a run. */
async function run(seed: number) {
  const schedule = createExpirySchedule(seed);
  const simulation = new SimulationRun(schedule, false, {});
  const { store } = simulation.environment;
  const { onExpired } = store;
  let expired = 0;
  store.onExpired = (key) => {
    expired++;
    onExpired(key);
  };
  await simulation.execute();
  const {
    violation,
    expirations: { revivals },
  } = simulation.checker;
  return { violation, revivals, expired, abandoned: abandonedSegments(store), schedule };
}

const isByCompareAndSet = ({ kind }: Revival): boolean => kind !== 'inserted';

test('with any retention, no order is lost, decided by replies to an earlier one, or left behind', async () => {
  const totals = new Map<string, number>();
  const add = (what: string, count: number) => totals.set(what, (totals.get(what) ?? 0) + count);
  for (let seed = FIRST; seed < FIRST + SCHEDULES; seed++) {
    const { violation, revivals, expired, abandoned, schedule } = await run(seed);
    expect(violation, replayHint(seed, { expiry: true })).toBeUndefined();
    add('expired', expired);
    add('abandoned segments', abandoned);
    for (const { kind } of revivals) add(`${kind} on ${schedule.dialect}`, 1);
    if (1000 * (schedule.retentionSeconds ?? 0) <= LATEST_WRITE_MS) continue;
    // No process requests such a write after the expiry, however long it was paused: the store applies one that was in flight.
    const requestedLater = revivals.filter((each) => isByCompareAndSet(each) && each.requestedAfter > 0);
    expect(requestedLater, replayHint(seed, { expiry: true })).toEqual([]);
  }
  process.stdout.write(`${JSON.stringify(Object.fromEntries(totals))} in ${SCHEDULES} schedules\n`);
  expect(totals.get('expired')).toBeGreaterThan(20 * SCHEDULES);
  // A segment is abandoned only if its transaction is applied, or its deletion fails, after its writer has retired.
  expect(totals.get('abandoned segments')).toBeLessThan(SCHEDULES / 20);
  // Writes for expired orders do reach the store.
  for (const what of ['inserted on redis', 'inserted on postgresql', 'restored on redis', 'overwritten on redis'])
    expect(totals.get(what), what).toBeGreaterThan(0);
});
