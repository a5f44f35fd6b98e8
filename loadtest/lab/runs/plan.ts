import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Fault } from '../timetable/schema.ts';
import type { Cell, Plan } from './result.ts';

/** Seconds of each phase and the rate of each style. */
export type Timing = Pick<Plan, 'rate' | 'before' | 'during' | 'after'>;

export interface PlanOptions {
  readonly faults: readonly Fault[];
  readonly brokers: readonly Plan['broker'][];
  readonly repetitions: number;
  readonly timing: Timing;
  readonly seed: number;
}

/**
 * The runs of a lab in random order, one repetition of all cells after the other. So a change of the machine over time affects all
 * cells alike, and a lab that is ended early has about the same number of runs in each cell.
 */
export function planRuns({ faults, brokers, repetitions, timing, seed }: PlanOptions): Plan[] {
  const random = xoroshiro128plus(seed);
  const cells = brokers.flatMap((broker) => faults.map((fault) => ({ fault, broker })));
  return Array.from({ length: repetitions }, (_, index) =>
    shuffle(cells, (max) => uniformInt(random, 0, max)).map(({ fault, broker }) => ({
      fault: fault.name,
      broker,
      repetition: index + 1,
      ...timing,
      during: Math.max(timing.during, fault.minimumSeconds),
    })),
  ).flat();
}

/** Fisher-Yates. `randomTo(max)` is an integer from 0 to max. */
function shuffle<T>(items: readonly T[], randomTo: (max: number) => number): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = randomTo(last);
    [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
  }
  return shuffled;
}

export const cellName = ({ broker, fault }: Cell): string => `${broker}-${fault}`;
/** The name of a run's file. */
export const runName = (plan: Cell & { readonly repetition: number }): string => `${cellName(plan)}-${plan.repetition}`;
