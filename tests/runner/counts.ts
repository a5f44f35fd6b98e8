/** The counts in the last line of a program that runs tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Reads `N passed, N failed, N skipped`; undefined for any other line. */
export function readCounts(line: string): Counts | undefined {
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line) ?? [];
  if (passed === undefined) return undefined;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** The sums of all counts. */
export function sumOfCounts(counts: readonly Counts[]): Counts {
  const total = (field: keyof Counts) => counts.reduce((sum, each) => sum + each[field], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}
