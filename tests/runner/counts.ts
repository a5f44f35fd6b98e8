/** What a program's last line counts. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Reads `N passed, N failed, N skipped`; undefined if the line is another one. */
export function readCounts(line: string): Counts | undefined {
  const [, passed, failed, skipped] = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line) ?? [];
  if (passed === undefined) return undefined;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** All of them together. */
export function sumOfCounts(counts: readonly Counts[]): Counts {
  const total = (field: keyof Counts) => counts.reduce((sum, each) => sum + each[field], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}
