import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { percentile } from '../../bench/measure/statistics.ts';

/** Orders of one second: a block. Orders of the same second fail together, so a block is drawn as a whole. */
export interface Block {
  readonly offered: number;
  readonly yes: number;
}

/** The blocks of each run of a cell. */
export type Runs = readonly (readonly Block[])[];

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A share with its 95 % interval. */
export interface Estimate extends Interval {
  readonly value: number;
  readonly offered: number;
  readonly yes: number;
  readonly runs: number;
}

const DRAWS = 2_000;

/** The share of all orders of these runs; NaN without orders. */
function shareOf(runs: Runs): number {
  const { yes, offered } = totalOf(runs);
  return yes / offered;
}

const totalOf = (runs: Runs): Block =>
  runs.flat().reduce((sum, block) => ({ offered: sum.offered + block.offered, yes: sum.yes + block.yes }), {
    offered: 0,
    yes: 0,
  });

/** One draw of the two-stage bootstrap: runs with replacement, and in each of them seconds with replacement. */
function draw(runs: Runs, random: RandomGenerator): number {
  const pick = <T>(items: readonly T[]): T => items[uniformInt(random, 0, items.length - 1)] as T;
  const drawn = runs.map(() => {
    const run = pick(runs);
    return run.map(() => pick(run));
  });
  return shareOf(drawn);
}

/** The middle 95 % of the draws. */
function intervalOf(draws: readonly number[]): Interval {
  const sorted = draws.toSorted((a, b) => a - b);
  return { low: percentile(sorted, 2.5), high: percentile(sorted, 97.5) };
}

/**
 * The share of the runs with its 95 % interval. Without any failure, or without any success, a bootstrap has no width: then the
 * interval ends at the limit that the rule of three gives, 3 / n from the share.
 */
export function estimate(runs: Runs, random: RandomGenerator): Estimate {
  const { yes, offered } = totalOf(runs);
  const value = yes / offered;
  const facts = { value, offered, yes, runs: runs.length };
  const margin = Math.min(1, 3 / offered);
  if (yes === offered) return { ...facts, low: 1 - margin, high: 1 };
  if (yes === 0) return { ...facts, low: 0, high: margin };
  return { ...facts, ...intervalOf(Array.from({ length: DRAWS }, () => draw(runs, random))) };
}

/** The difference of two shares, runs minus control, with its 95 % interval. Both are drawn independently. */
export function difference(runs: Runs, control: Runs, random: RandomGenerator): Interval & { readonly value: number } {
  const value = shareOf(runs) - shareOf(control);
  return { value, ...intervalOf(Array.from({ length: DRAWS }, () => draw(runs, random) - draw(control, random))) };
}
