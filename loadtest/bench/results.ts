import type { AcceptanceRun } from './scenarios/acceptance.ts';
import type { BacklogRun } from './scenarios/backlog.ts';
import type { Step } from './scenarios/steps.ts';
import type { WholeRun } from './scenarios/whole.ts';
import type { Settings } from './settings.ts';

/** Everything that one run of the bench measured. Runs are in the order of their rounds. */
export interface Results {
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly acceptance: Record<string, AcceptanceRun[]>;
  readonly whole: Record<string, WholeRun[]>;
  readonly steps: Step[];
  backlog?: BacklogRun;
}
