import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import { SimulationRun } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';

describe('a whole day, with the durations of production', () => {
  test.each([1, 2, 3])(
    'a stopped writer is rescanned for a day and then retired, and its late orders are found: seed %s',
    async (seed) => {
      const schedule = createScenario({
        seed,
        slots: 2,
        orders: plainOrders(40, SECOND, 40 * SECOND),
        faults: [
          {
            at: 5 * SECOND,
            kind: 'rates',
            ms: 25 * SECOND,
            change: { late: 0.3, lateUpTo: 20 * HOUR, partial: 0.2 },
          },
          { at: 32 * SECOND, kind: 'kill', slot: 1, backAfter: 25 * HOUR },
          { at: 2 * MINUTE, kind: 'wipe' },
        ],
        healsAt: 26 * HOUR,
      });
      const run = new SimulationRun(schedule, false, {});
      await run.execute();
      expect(run.checker.violation).toBeUndefined();
      const alive = run.cluster.alive().map(({ outbox }) => outbox.state().writer);
      expect(run.environment.store.get('writers')?.value).toMatchObject({ writers: expect.arrayContaining(alive) });
      expect(run.environment.store.get('writers')?.value).toHaveProperty('writers.length', alive.length);
    },
  );
});
