import { readFile } from 'node:fs/promises';
import { reasonOf } from '@standing-order/tools';
import { UsageError } from '@standing-order/tools/cli';
import type { Shares } from './profile/shares.ts';
import type { BacklogRun } from './scenarios/backlog.ts';
import type { EndToEndRun } from './scenarios/end-to-end.ts';
import type { IdleRun } from './scenarios/idle.ts';
import type { IntakeRun } from './scenarios/intake.ts';
import type { DecidedLoad } from './scenarios/run-until-decided.ts';
import type { Step } from './scenarios/steps.ts';
import type { Settings } from './settings.ts';

/** All measurements of one run of the benchmark. Runs of a contender are in the order of their rounds. */
export interface Results {
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly intake: Record<string, IntakeRun[]>;
  readonly endToEnd: Record<string, EndToEndRun[]>;
  readonly lowRate: Record<string, DecidedLoad[]>;
  readonly steps: Step[];
  /** Processor time by part of the code, by name of the profile. */
  readonly profiles: Record<string, Shares>;
  backlog?: BacklogRun;
  idle?: IdleRun;
}

/** Reads the measurements of an earlier run, as `--json` writes them. Rejects with a `UsageError` if the file holds none. */
export async function readResults(file: string): Promise<Results> {
  try {
    const results: Partial<Results> = JSON.parse(await readFile(file, 'utf8'));
    if (results.endToEnd && results.steps) return results as Results;
    throw new Error(`${file} has no measurements of a benchmark`);
  } catch (cause) {
    throw new UsageError(`--before: ${reasonOf(cause)}`);
  }
}
