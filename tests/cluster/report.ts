import { inWords } from '../../deploy/tools/src/report.ts';

/** What came of one check. */
export interface Checked {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** What was seen, or why it failed or was skipped. */
  readonly detail: string;
}

/** One line of the table of requirements: what was measured. */
export interface Measured {
  readonly what: string;
  readonly value: string;
}

/** What a check can say and measure. */
export interface Findings {
  measured(what: string, value: string): void;
}

/** Thrown by a check that cannot be made here. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}

export interface Check {
  readonly name: string;
  /** Without which passing it makes no sense. */
  readonly needs: readonly string[];
  /** The check whose doings this one brings to an end: it is chosen with that one, and made also when the time is short. */
  readonly concludes?: string;
  /** About how long it takes, in milliseconds, if that is more than a minute. */
  readonly takesMs?: number;
  /** Resolves with what was seen; rejects with why it failed. */
  run(findings: Findings): Promise<string>;
}

/** The checks whose name has `part` in it, with those that they need and those that conclude them. */
export function chosenOf(checks: readonly Check[], part: string): Check[] {
  const names = new Set(
    checks.map(({ name }) => name).filter((name) => name.toLowerCase().includes(part.toLowerCase())),
  );
  // What a check needs comes before it.
  for (const check of checks.toReversed()) if (names.has(check.name)) for (const need of check.needs) names.add(need);
  return checks.filter(({ name, concludes }) => names.has(name) || names.has(concludes ?? ''));
}

/** What says that there are more checks than those that were made, if there are. */
export function leftOutLines(made: readonly Check[], all: readonly Check[]): string[] {
  const names = new Set(made.map(({ name }) => name));
  const more = all.map(({ name }) => name).filter((name) => !names.has(name));
  if (more.length === 0) return [];
  return [`left out without --full, and not counted below: ${more.length} checks`, ...more.map((name) => `  ${name}`)];
}

export interface Report {
  readonly checks: readonly Checked[];
  readonly measured: readonly Measured[];
}

const USUAL_MS = 60_000;

interface RunOptions {
  /** Milliseconds that are left. */
  readonly timeLeft: () => number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Makes the checks one after the other and says of each what came of it. Never rejects. */
export async function runChecks(checks: readonly Check[], { timeLeft, signal, say }: RunOptions): Promise<Report> {
  const done: Checked[] = [];
  const measured: Measured[] = [];
  const findings: Findings = { measured: (what, value) => void measured.push({ what, value }) };
  for (const check of checks) {
    const missing = check.needs.find((need) => !done.some(({ name, result }) => name === need && result === 'passed'));
    const began = performance.now();
    const end = (result: Checked['result'], detail: string) => {
      const ms = performance.now() - began;
      done.push({ name: check.name, result, seconds: Math.round(ms / 100) / 10, detail });
      say(`${result}: ${check.name}${result === 'skipped' ? '' : ` (${inWords(ms)})`}${detail ? `: ${detail}` : ''}`);
    };
    if (signal.aborted) end('skipped', 'interrupted');
    else if (missing !== undefined) end('skipped', `needs: ${missing}`);
    else if (check.concludes === undefined && timeLeft() < (check.takesMs ?? USUAL_MS)) end('skipped', 'no time left');
    else {
      say(`begins: ${check.name}`);
      try {
        end('passed', await check.run(findings));
      } catch (error) {
        if (error instanceof NotHere) end('skipped', error.message);
        else end('failed', signal.aborted ? 'interrupted' : reasonOf(error));
      }
    }
  }
  return { checks: done, measured };
}

/** What was measured, as a Markdown table, and the line that counts. */
export function closingLines({ checks, measured }: Report): string[] {
  const count = (result: Checked['result']) => checks.filter((each) => each.result === result).length;
  const table = measured.map(({ what, value }) => `| ${what} | ${value} |`);
  return [
    ...(table.length === 0 ? [] : ['', '| | |', '|---|---|', ...table]),
    '',
    `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`,
  ];
}
