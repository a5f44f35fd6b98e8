import { givenPath, readFlags } from '@standing-order/tools/flags';
import { CONTENDERS } from './contenders/index.ts';
import { FULL, QUICK, type Settings } from './settings.ts';
import type { Contender } from './testbed/contender.ts';

export const SCENARIOS = ['intake', 'end-to-end', 'steps', 'backlog'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Options {
  readonly help: boolean;
  readonly settings: Settings;
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly json: string | undefined;
  readonly profile: string | undefined;
  readonly portBase: number;
}

export const HELP = `npm run bench -- [options]

Compares this repository's order service with other ways to build one, on one Redis, in turns, and measures what a
backlog costs. Progress goes to stderr, the tables to stdout. Some fifty minutes; with --quick
a few minutes. A run that is stopped shows what it has.

  --quick             one short round of everything: shows that it runs, the numbers mean little
  --only NAMES        scenarios and contenders to run, with commas between; default all
                      scenarios: ${SCENARIOS.join(', ')}
                      contenders: ${CONTENDERS.map(({ name }) => name).join(', ')}
  --rounds N          how often each contender runs (1 to 50; default ${FULL.intakeRounds})
  --json FILE         also write everything measured as JSON
  --profile DIR       also write CPU profiles of each order service and its sidecar in the closed loops (which slows
                      them down), and draw them as flame graphs (.svg)
  --port-base N       first of the thousand ports that are used; default 14000
  --help
`;

/** Reads the command line. Throws one `UsageError` that lists every fault. */
export function readOptions(args: readonly string[]): Options {
  const {
    values,
    switches,
    faults: wrongFlags,
  } = readFlags(args, {
    values: ['only', 'rounds', 'json', 'profile', 'port-base'],
    switches: ['quick', 'help'],
    maxWords: 0,
  });
  const faults = [...wrongFlags];
  const wholeNumber = (name: string, text: string, min: number, max: number) => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < min || number > max)
      faults.push(`--${name}: "${text}" is no integer from ${min} to ${max}`);
    return number;
  };
  const base = switches.has('quick') ? QUICK : FULL;
  const given = { rounds: values.get('rounds'), json: values.get('json'), profile: values.get('profile') };
  const rounds = given.rounds === undefined ? undefined : wholeNumber('rounds', given.rounds, 1, 50);
  const names =
    values
      .get('only')
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  const known: string[] = [...SCENARIOS, ...CONTENDERS.map(({ name }) => name)];
  for (const name of names)
    if (!known.includes(name)) faults.push(`--only: "${name}" is neither a scenario nor a contender`);
  const options: Options = {
    help: switches.has('help'),
    settings: rounds === undefined ? base : { ...base, intakeRounds: rounds, endToEndRounds: rounds },
    scenarios: chosen(SCENARIOS, (scenario) => names.includes(scenario)),
    contenders: chosen(CONTENDERS, ({ name }) => names.includes(name)),
    json: given.json === undefined ? undefined : givenPath(given.json),
    profile: given.profile === undefined ? undefined : givenPath(given.profile),
    portBase: wholeNumber('port-base', values.get('port-base') ?? '14000', 1024, 64_000),
  };
  if (faults.length > 0) throw new UsageError(faults);
  return options;
}

/** A command line that cannot be used, each fault on a line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** Those that are named; all of them when none is. */
function chosen<T>(all: readonly T[], named: (each: T) => boolean): readonly T[] {
  const some = all.filter(named);
  return some.length > 0 ? some : all;
}
