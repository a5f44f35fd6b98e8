import type { LoadResult } from '../bench/generator/load.ts';
import type { ExpirySample } from './expiry-sampler.ts';
import type { Levels } from './levels.ts';
import type { Settings } from './settings.ts';

/** The levels at each sample; `at` is in seconds since the start of the load. */
export interface Series {
  readonly at: readonly number[];
  readonly levels: Readonly<Record<string, readonly number[]>>;
}

/** The highest value of a level in two parts of the load. */
export interface Plateau {
  /** In the second third. */
  readonly middle: number;
  /** In the last third. */
  readonly last: number;
  readonly levelledOff: boolean;
}

export interface Result {
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly series: Series;
  readonly plateaus: Readonly<Record<string, Plateau>>;
  readonly load: Pick<LoadResult, 'offered' | 'dropped' | 'acknowledged' | 'others'>;
  /** Acknowledged orders without a decision, or with another one than VALIDATED. */
  readonly undecided: readonly string[];
  readonly refused: readonly string[];
  readonly expiry: ExpirySample;
  /** Orders in the store after the load and three times the retention. */
  readonly leftOver: number;
}

/** A level that rises by less than this share between the second and the last third has levelled off. */
const TOLERANCE = 0.15;
/** The number of decided orders grows with time. */
const CUMULATIVE = 'decided';

/** Collects samples as series. */
export function seriesOf(samples: readonly { readonly at: number; readonly levels: Levels }[]): Series {
  const names = Object.keys(samples[0]?.levels ?? {});
  return {
    at: samples.map(({ at }) => Math.round(at)),
    levels: Object.fromEntries(names.map((name) => [name, samples.map(({ levels }) => levels[name] ?? Number.NaN)])),
  };
}

/** Compares the highest level in the second third of `seconds` with that in the last third. */
export function plateausOf({ at, levels }: Series, seconds: number): Record<string, Plateau> {
  const highest = (values: readonly number[], from: number, to: number) =>
    Math.max(...values.filter((_, index) => (at[index] as number) >= from && (at[index] as number) <= to));
  return Object.fromEntries(
    Object.entries(levels)
      .filter(([name]) => name !== CUMULATIVE)
      .map(([name, values]) => {
        const middle = highest(values, seconds / 3, (2 * seconds) / 3);
        const last = highest(values, (2 * seconds) / 3, seconds);
        return [name, { middle, last, levelledOff: last <= middle * (1 + TOLERANCE) }];
      }),
  );
}

/** One sentence for each promise that the run does not show. */
export function faultsOf({ plateaus, load, undecided, refused, expiry, leftOver }: Result): string[] {
  const faults = Object.entries(plateaus)
    .filter(([, { levelledOff }]) => !levelledOff)
    .map(([name, { middle, last }]) => `${name} grew from ${middle} to ${last} between the middle and the last third`);
  if (load.acknowledged === 0) faults.push('no order was acknowledged');
  if (undecided.length > 0)
    faults.push(`${undecided.length} acknowledged orders have no decision: ${undecided[0]}, ...`);
  if (refused.length > 0) faults.push(`${refused.length} valid orders were not VALIDATED: ${refused[0]}, ...`);
  if (expiry.sampled === 0) faults.push('no order was read after its retention: the run is too short');
  if (expiry.missing.length > 0)
    faults.push(`${expiry.missing.length} orders were missing within their retention: ${expiry.missing[0]}, ...`);
  if (expiry.remaining.length > 0)
    faults.push(
      `${expiry.remaining.length} orders were stored long after their retention: ${expiry.remaining[0]}, ...`,
    );
  if (leftOver > 0) faults.push(`${leftOver} orders remained in the store`);
  return faults;
}
