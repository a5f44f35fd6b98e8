/** The p-th percentile (0 < p <= 100) by nearest rank; NaN for an empty sample. `sorted` is in ascending order. */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil((p / 100) * sorted.length));
  return sorted[Math.min(rank, sorted.length) - 1] as number;
}

/** Median, smallest and largest value of a sample. All NaN for an empty sample. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The median of an even number of values is the mean of the two in the middle. NaN values are left out. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  const upper = sorted.length >> 1;
  const lower = (sorted.length - 1) >> 1;
  return {
    median: ((sorted[lower] as number) + (sorted[upper] as number)) / 2,
    min: sorted[0] as number,
    max: sorted[sorted.length - 1] as number,
  };
}

/**
 * The spread of a / b, round by round: other load on the machine affects two runs of one round alike, and two runs of
 * different rounds differently. Rounds without both values are left out.
 */
export function ratioSpread(a: readonly number[], b: readonly number[]): Spread {
  const rounds = Math.min(a.length, b.length);
  const ratios: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const ratio = (a[i] as number) / (b[i] as number);
    if (Number.isFinite(ratio)) ratios.push(ratio);
  }
  return spread(ratios);
}
