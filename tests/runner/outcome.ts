/** A test that failed, and the command that runs it alone. */
export interface Failure {
  readonly name: string;
  readonly again: string;
}

/** What came of some tests. */
export interface Outcome {
  readonly passed: number;
  readonly skipped: number;
  /** Whole files among the skipped, each counted as one, and why. */
  readonly leftOut?: readonly string[];
  readonly failures: readonly Failure[];
}

/** All of them together. */
export function sum(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((total, outcome) => total + outcome.passed, 0),
    skipped: outcomes.reduce((total, outcome) => total + outcome.skipped, 0),
    leftOut: outcomes.flatMap((outcome) => outcome.leftOut ?? []),
    failures: outcomes.flatMap((outcome) => outcome.failures),
  };
}

/** What the user reads last: what was left out, every failure with its command, then the line that counts. */
export function closingLines({ passed, skipped, leftOut = [], failures }: Outcome): string[] {
  const list = failures.flatMap(({ name, again }) => [`failed: ${name}`, `        ${again}`]);
  return [
    ...leftOut.map((file) => `skipped: ${file}`),
    ...list,
    `${passed} passed, ${failures.length} failed, ${skipped} skipped`,
  ];
}
