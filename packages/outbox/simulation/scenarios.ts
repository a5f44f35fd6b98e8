import type { Settings } from '../src/index.ts';
import type { Batching } from './broker.ts';
import type { OrderPlan } from './clients.ts';
import type { Fault } from './random-faults.ts';
import type { Schedule } from './schedule.ts';

/** The parts of a schedule that a test sets. */
export interface Scenario {
  readonly seed?: number;
  readonly slots: number;
  readonly settings?: Partial<Settings>;
  /** Default: all lanes share messages of at most 128 commands. */
  readonly batching?: Batching;
  readonly orders?: readonly OrderPlan[];
  readonly faults?: readonly Fault[];
  readonly healsAt: number;
}

/** A schedule made by hand: correct clocks, Redis, and only the given faults. */
export function createScenario(scenario: Scenario): Schedule {
  const { seed = 1, settings = {}, orders = [], faults = [], ...rest } = scenario;
  const clock = { offset: 0, rate: 1 };
  return {
    seed,
    dialect: 'redis',
    timeScale: 'production',
    settings,
    batching: { groups: 1, maxEntries: 128 },
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
