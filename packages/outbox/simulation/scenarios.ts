import type { Settings } from '../src/index.ts';
import type { OrderPlan } from './clients.ts';
import type { Fault } from './random-faults.ts';
import type { Schedule } from './schedule.ts';

/** The parts of a schedule that a test sets. */
export interface Scenario {
  readonly seed?: number;
  readonly slots: number;
  readonly settings?: Partial<Settings>;
  readonly orders?: readonly OrderPlan[];
  readonly faults?: readonly Fault[];
  readonly healsAt: number;
}

/** A schedule made by hand: correct clocks, Redis, and only the given faults. */
export function createScenario({ seed = 1, settings = {}, orders = [], faults = [], ...rest }: Scenario): Schedule {
  const clock = { offset: 0, rate: 1 };
  return {
    seed,
    dialect: 'redis',
    timeScale: 'production',
    settings,
    orders,
    faults,
    profiles: () => ({ clock, pauses: [] }),
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
    invalid: false,
  }));
}
