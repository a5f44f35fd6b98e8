import { expect, test } from 'vitest';
import { hour, minute, second } from './chaos.ts';
import type { OrderPlan } from './clients.ts';
import { Run } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';
import type { Dialect } from './store.ts';

const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** One order that the store never takes, asked for every 20 s for an hour. */
const asked: OrderPlan[] = plainOrders(180, second, hour, 'bad').map((order) => ({
  ...order,
  id: 'bad',
  stubbornUntil: FOR_EVER,
}));
const ordinary = plainOrders(720, second, hour);

test.each<Dialect>(['redis', 'postgresql'])(
  'an order that the store never takes holds up the others of its batch for a moment only, and wears out few names: %s',
  async (dialect) => {
    const schedule = createScenario({ slots: 2, orders: [...asked, ...ordinary], healsAt: hour + minute });
    const run = new Run({ ...schedule, dialect }, true, {});
    await run.all();
    expect(run.checker.violation).toBeUndefined();
    expect(run.clients.outcomes.get('created')).toBeGreaterThanOrEqual(ordinary.length);
    expect(run.clients.outcomes.get('unknown')).toBe(asked.length);
    expect(run.clients.outcomes.get('unsent')).toBeUndefined();
    const directory = run.sea.store.get('writers')?.value as { writers: string[] } | undefined;
    expect(directory?.writers.length).toBeLessThanOrEqual(schedule.slots * (hour / (10 * minute) + 1));
  },
);
