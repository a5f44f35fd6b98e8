import { type Command, createCommand, createIntegerOption, givenPath, UsageError } from '@standing-order/tools/cli';
import { CONTENDERS } from './contenders/index.ts';
import { FULL, QUICK, type Settings } from './settings.ts';
import type { Contender } from './testbed/contender.ts';

export const SCENARIOS = ['intake', 'end-to-end', 'low-rate', 'steps', 'backlog', 'idle'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Options {
  readonly settings: Settings;
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly json: string | undefined;
  readonly before: string | undefined;
  readonly profile: string | undefined;
  readonly portBase: number;
}

interface Flags extends Pick<Options, 'json' | 'before' | 'profile' | 'portBase'> {
  readonly quick?: boolean;
  readonly only?: readonly string[];
  readonly rounds?: number;
}

const CONTENDER_NAMES = CONTENDERS.map(({ name }) => name);
const DESCRIPTION = [
  'Compares the order service with other implementations, in turns, on one Redis, and measures the cost of a backlog.',
  'Progress goes to stderr, the tables to stdout. A full run takes some fifty minutes.',
  'A stopped run prints the finished measurements.',
].join(' ');

/** The command line. `run` receives its options. */
export const createBenchCommand = (run: (options: Options) => Promise<void>): Command =>
  createCommand('bench', DESCRIPTION)
    .option('--quick', 'one short round of everything, to check the benchmark itself; takes a few minutes')
    .option('--only <names>', 'scenarios and contenders to run, with commas (default: all)', parseNames)
    .addOption(
      createIntegerOption('--rounds <n>', `runs of each contender (default: ${FULL.intakeRounds})`, {
        min: 1,
        max: 50,
      }),
    )
    .option('--json <file>', 'write all measurements as JSON', givenPath)
    .option(
      '--before <file>',
      'measurements of an earlier version (its --json), for the goals that compare with it',
      givenPath,
    )
    .option(
      '--profile <dir>',
      'write CPU profiles of the order service (.cpuprofile) and its sidecar (pprof) in the loops, which slows them down; of contenders with one replica',
      givenPath,
    )
    .addOption(
      createIntegerOption('--port-base <port>', 'first of a thousand ports', { min: 1024, max: 64_000 }).default(
        14_000,
      ),
    )
    .addHelpText('after', `\nScenarios: ${SCENARIOS.join(', ')}\nContenders: ${CONTENDER_NAMES.join(', ')}`)
    .action(({ quick, only = [], rounds, ...rest }: Flags) => {
      const base = quick ? QUICK : FULL;
      return run({
        settings: rounds === undefined ? base : { ...base, intakeRounds: rounds, endToEndRounds: rounds },
        scenarios: select(SCENARIOS, (scenario) => only.includes(scenario)),
        contenders: select(CONTENDERS, ({ name }) => only.includes(name)),
        json: rest.json,
        before: rest.before,
        profile: rest.profile,
        portBase: rest.portBase,
      });
    });

function parseNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => ![...SCENARIOS, ...CONTENDER_NAMES].includes(name));
  if (unknown.length > 0)
    throw new UsageError(`--only must name scenarios and contenders (see --help), not ${unknown.join(', ')}`);
  return names;
}

/** The selected elements; all of them when none is selected. */
function select<T>(all: readonly T[], isSelected: (each: T) => boolean): readonly T[] {
  const selected = all.filter(isSelected);
  return selected.length > 0 ? selected : all;
}
