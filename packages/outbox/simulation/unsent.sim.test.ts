import { describe, expect, test } from 'vitest';
import { MINUTE, SECOND } from './random-faults.ts';
import { runSchedule, type Variant } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';

/** For a minute orders get in and beats do not, so that those that have no number wait longer than their clients do. */
const run = (variant: Variant) =>
  runSchedule(
    createScenario({
      slots: 1,
      settings: { reservedNumbers: 4 },
      orders: plainOrders(40, 10 * SECOND, MINUTE),
      faults: [{ at: 5 * SECOND, kind: 'rates', ms: MINUTE, change: { writeLost: 1 } }],
      healsAt: 2 * MINUTE,
    }),
    { variant },
  );

describe('an order whose client was told that nothing was stored, since it waited too long for a number', () => {
  test('is not stored later either', async () => {
    const { violation, outcomes } = await run({});
    expect(violation).toBeUndefined();
    expect(outcomes.get('unsent')).toBeGreaterThan(10);
  });

  test('would be, if what nobody waits for any more were sent all the same', async () => {
    const { violation } = await run({ policies: { maySend: () => true } });
    expect(violation).toMatchObject({ invariant: 0, what: 'called not stored, and then it was' });
  });
});
