import { expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import type { OrderPlan } from './clients.ts';
import { SimulationRun } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';
import type { Dialect } from './store.ts';

const FOREVER = Number.MAX_SAFE_INTEGER;

/** One order that the store never accepts, requested every 20 s for an hour. */
const asked: OrderPlan[] = plainOrders(180, SECOND, HOUR, 'bad').map((order) => ({
  ...order,
  id: 'bad',
  rejectedUntil: FOREVER,
}));
const ordinary = plainOrders(720, SECOND, HOUR);

test.each<Dialect>(['redis', 'postgresql'])(
  'an order that the store never accepts delays the others of its batch only briefly, and few names are replaced: %s',
  async (dialect) => {
    const schedule = createScenario({ slots: 2, orders: [...asked, ...ordinary], healsAt: HOUR + MINUTE });
    const run = new SimulationRun({ ...schedule, dialect }, true, {});
    await run.execute();
    expect(run.checker.violation).toBeUndefined();
    expect(run.clients.outcomes.get('created')).toBeGreaterThanOrEqual(ordinary.length);
    expect(run.clients.outcomes.get('unknown')).toBe(asked.length);
    expect(run.clients.outcomes.get('unsent')).toBeUndefined();
    const directory = run.environment.store.get('writers')?.value as { writers: string[] } | undefined;
    expect(directory?.writers.length).toBeLessThanOrEqual(schedule.slots * (HOUR / (10 * MINUTE) + 1));
  },
);
