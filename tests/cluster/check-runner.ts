import { inWords } from '../../deploy/tools/src/report.ts';

export interface CheckResult {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** The observation, or the reason why the check failed or was skipped. */
  readonly detail: string;
}

/** One row of the table of measurements. */
export interface Measurement {
  readonly what: string;
  readonly value: string;
}

/** Adds a row to the table of measurements. */
export type Measure = (what: string, value: string) => void;

/** Thrown by a check whose requirements this machine or cluster does not meet. */
export class SkipCheck extends Error {
  override readonly name = 'SkipCheck';
}

export interface Check {
  readonly name: string;
  /** Names of earlier checks. The check is skipped unless all of them passed. */
  readonly needs: readonly string[];
  /** The check that this one cleans up after. The two are selected together, and the teardown runs even without time left. */
  readonly teardownFor?: string;
  /** Expected duration in milliseconds, if it is more than a minute. */
  readonly expectedMs?: number;
  /** Resolves with the observation; rejects with the reason of the failure. */
  run(measure: Measure): Promise<string>;
}

/** Selects the checks whose name contains `text`, with the checks that they need and the teardowns of all of these. */
export function selectChecks(checks: readonly Check[], text: string): Check[] {
  const names = new Set(
    checks.map(({ name }) => name).filter((name) => name.toLowerCase().includes(text.toLowerCase())),
  );
  // A check comes after the checks that it needs.
  for (const check of checks.toReversed()) if (names.has(check.name)) for (const need of check.needs) names.add(need);
  return checks.filter(({ name, teardownFor }) => names.has(name) || names.has(teardownFor ?? ''));
}

/** Lists the checks of `all` that are not in `selected`; no line if there are none. */
export function describeOmitted(selected: readonly Check[], all: readonly Check[]): string[] {
  const names = new Set(selected.map(({ name }) => name));
  const omitted = all.map(({ name }) => name).filter((name) => !names.has(name));
  if (omitted.length === 0) return [];
  return [
    `omitted without --full, and not counted below: ${omitted.length} checks`,
    ...omitted.map((name) => `  ${name}`),
  ];
}

/** The contents of the file of `--json`. */
export interface TestReport {
  readonly checks: readonly CheckResult[];
  readonly measured: readonly Measurement[];
}

const DEFAULT_EXPECTED_MS = 60_000;

interface RunOptions {
  /** Milliseconds until the end of the time budget. */
  readonly timeLeft: () => number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs the checks in sequence and logs the start and the result of each. Never rejects. */
export async function runChecks(checks: readonly Check[], { timeLeft, signal, log }: RunOptions): Promise<TestReport> {
  const results: CheckResult[] = [];
  const measured: Measurement[] = [];
  const measure: Measure = (what, value) => void measured.push({ what, value });
  const hasPassed = (need: string) => results.some(({ name, result }) => name === need && result === 'passed');
  for (const check of checks) {
    const unmet = check.needs.find((need) => !hasPassed(need));
    const startedAt = performance.now();
    const finish = (result: CheckResult['result'], detail: string) => {
      const ms = performance.now() - startedAt;
      results.push({ name: check.name, result, seconds: Math.round(ms / 100) / 10, detail });
      log(`${result}: ${check.name}${result === 'skipped' ? '' : ` (${inWords(ms)})`}${detail ? `: ${detail}` : ''}`);
    };
    const hasTime = check.teardownFor !== undefined || timeLeft() >= (check.expectedMs ?? DEFAULT_EXPECTED_MS);
    if (signal.aborted) finish('skipped', 'interrupted');
    else if (unmet !== undefined) finish('skipped', `needs: ${unmet}`);
    else if (!hasTime) finish('skipped', 'no time left');
    else {
      log(`started: ${check.name}`);
      try {
        finish('passed', await check.run(measure));
      } catch (error) {
        if (error instanceof SkipCheck) finish('skipped', error.message);
        else finish('failed', signal.aborted ? 'interrupted' : messageOf(error));
      }
    }
  }
  return { checks: results, measured };
}

/** The measurements as a Markdown table, and the numbers of passed, failed and skipped checks. */
export function formatSummary({ checks, measured }: TestReport): string[] {
  const count = (result: CheckResult['result']) => checks.filter((each) => each.result === result).length;
  const rows = measured.map(({ what, value }) => `| ${what} | ${value} |`);
  return [
    ...(rows.length === 0 ? [] : ['', '| | |', '|---|---|', ...rows]),
    '',
    `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`,
  ];
}
