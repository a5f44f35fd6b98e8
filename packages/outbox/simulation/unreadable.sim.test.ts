import { expect, test } from 'vitest';
import { documentKey } from '../src/storage-format.ts';
import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import { SimulationRun } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { replayHint } from './seeds.ts';
import type { Dialect } from './store.ts';

const SEEDS = 100;

/** A run in which every read with one of these documents fails while `isFailing` returns true. */
function createRun(schedule: Schedule, ids: readonly string[], isFailing: (now: number) => boolean): SimulationRun {
  const keys = new Set(ids.map(documentKey));
  const run: SimulationRun = new SimulationRun(schedule, true, {
    wrapStore: (store) => ({
      ...store,
      async read(wanted) {
        const { now } = run.simulator;
        if (isFailing(now) && wanted.some((key) => keys.has(key))) {
          run.flow.addTrouble(now);
          throw new Error('it cannot be read');
        }
        return store.read(wanted);
      },
    }),
  });
  return run;
}

const setAside = ({ simulator }: SimulationRun): number =>
  simulator.lines.filter((line) => line.includes('key-unreadable')).length;

const HALF_HOUR = HOUR / 2;
const HEALS_AT = HOUR;
/** Longer than the time between two passes over the segments of a writer. */
const OBSERVED_MS = 75 * MINUTE;

test.each<Dialect>(['redis', 'postgresql'])(
  'an order that cannot be read holds up no other, also at a takeover, and continues afterwards: %s',
  async (dialect) => {
    const orders = plainOrders(720, SECOND, HALF_HOUR);
    const bad = orders.find(({ at }) => at > 8 * MINUTE)?.id ?? '';
    const schedule = createScenario({
      slots: 2,
      orders,
      faults: [
        { at: 5 * MINUTE, kind: 'validator', channel: 'consumer', ms: 10 * MINUTE, change: { state: 'down' } },
        { at: 12 * MINUTE, kind: 'leave', slot: 1, backAfter: MINUTE },
        { at: 14 * MINUTE, kind: 'leave', slot: 2, backAfter: MINUTE },
      ],
      healsAt: HEALS_AT,
    });
    const run = createRun({ ...schedule, dialect }, [bad], (now) => now > 10 * MINUTE && now < HEALS_AT);
    await run.untilHealed();
    expect(run.checker.violation).toBeUndefined();
    expect(run.checker.open()).toEqual([bad]);
    expect(setAside(run)).toBeGreaterThan(0);
    await run.simulator.run(HEALS_AT + OBSERVED_MS, () => run.checker.open().length === 0);
    expect(run.checker.open()).toEqual([]);
    expect(run.checker.violation).toBeUndefined();
  },
);

test(`orders that cannot be read until the faults end break no invariant, in ${SEEDS} schedules`, async () => {
  let total = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const schedule = createSchedule(seed);
    const ids = schedule.orders.filter((_, i) => i % 20 === 0).map(({ id }) => id);
    const run = createRun(schedule, ids, (now) => now < schedule.healsAt);
    await run.execute();
    expect(run.checker.violation, replayHint(seed)).toBeUndefined();
    total += setAside(run);
  }
  expect(total).toBeGreaterThan(15);
});
