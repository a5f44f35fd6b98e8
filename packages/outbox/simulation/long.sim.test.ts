import { describe, expect, test } from 'vitest';
import { hour, minute, second } from './chaos.ts';
import { Run } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';

describe('a whole day, by the clocks of production', () => {
  test.each([1, 2, 3])(
    'a dead writer is watched for a day and then forgotten, its late orders are found: seed %s',
    async (seed) => {
      const schedule = createScenario({
        seed,
        slots: 2,
        orders: plainOrders(40, second, 40 * second),
        faults: [
          {
            at: 5 * second,
            kind: 'weather',
            ms: 25 * second,
            change: { late: 0.3, lateUpTo: 20 * hour, partial: 0.2 },
          },
          { at: 32 * second, kind: 'kill', slot: 1, backAfter: 25 * hour },
          { at: 2 * minute, kind: 'wipe' },
        ],
        healsAt: 26 * hour,
      });
      const run = new Run(schedule, false, {});
      await run.all();
      expect(run.checker.violation).toBeUndefined();
      const alive = run.cluster.alive().map(({ outbox }) => outbox.state().writer);
      expect(run.sea.store.get('writers')?.value).toMatchObject({ writers: expect.arrayContaining(alive) });
      expect(run.sea.store.get('writers')?.value).toHaveProperty('writers.length', alive.length);
    },
  );
});
