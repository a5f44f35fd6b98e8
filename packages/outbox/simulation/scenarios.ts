import type { Settings } from '../src/index.ts';
import type { Fault } from './chaos.ts';
import type { OrderPlan } from './clients.ts';
import type { Schedule } from './schedule.ts';

export interface Scenario {
  readonly seed?: number;
  readonly slots: number;
  readonly settings?: Partial<Settings>;
  readonly orders?: readonly OrderPlan[];
  readonly faults?: readonly Fault[];
  readonly healsAt: number;
}

/** A schedule made by hand: sound clocks, Redis, and only the faults that are named. */
export function createScenario({ seed = 1, settings = {}, orders = [], faults = [], ...rest }: Scenario): Schedule {
  const clock = { offset: 0, rate: 1 };
  return {
    seed,
    dialect: 'redis',
    time: 'true',
    settings,
    orders,
    faults,
    nature: () => ({ clock, pauses: [] }),
    ...rest,
  };
}

/** `count` plain orders, evenly over `[from, to)`. */
export function plainOrders(count: number, from: number, to: number, name = 'x'): OrderPlan[] {
  return Array.from({ length: count }, (_, i) => ({
    at: from + ((to - from) * i) / count,
    id: `${name}${i}`,
    copies: 1,
    rival: false,
    retries: 0,
    poison: false,
  }));
}
