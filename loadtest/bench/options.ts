import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { contenders } from './contenders/index.ts';
import type { Contender } from './rig/contender.ts';
import { FULL, QUICK, type Settings } from './settings.ts';

export const SCENARIOS = ['acceptance', 'whole', 'steps', 'backlog'] as const;
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
                      contenders: ${contenders.map(({ name }) => name).join(', ')}
  --rounds N          how often each contender runs (1 to 50; default ${FULL.acceptanceRounds})
  --json FILE         also write everything measured as JSON
  --profile DIR       also write CPU profiles of each order service and its sidecar in the closed loops (which slows
                      them down), and draw them as flame graphs (.svg)
  --port-base N       first of the thousand ports that are used; default 14000
  --help
`;

/** Reads the command line. Throws one `UsageError` that lists every fault. */
export function readOptions(args: readonly string[]): Options {
  const faults: string[] = [];
  const { values, positionals } = parse(args, faults);
  if (positionals.length > 0) faults.push(`unexpected: ${positionals.join(' ')}`);
  const wholeNumber = (name: string, text: string, min: number, max: number) => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < min || number > max)
      faults.push(`--${name}: "${text}" is no integer from ${min} to ${max}`);
    return number;
  };
  const base = values.quick === true ? QUICK : FULL;
  const rounds = values.rounds === undefined ? undefined : wholeNumber('rounds', values.rounds, 1, 50);
  const names = values.only?.split(',').map((name) => name.trim()) ?? [];
  const known: string[] = [...SCENARIOS, ...contenders.map(({ name }) => name)];
  for (const name of names)
    if (!known.includes(name)) faults.push(`--only: "${name}" is neither a scenario nor a contender`);
  const options: Options = {
    help: values.help === true,
    settings: rounds === undefined ? base : { ...base, acceptanceRounds: rounds, wholeRounds: rounds },
    scenarios: chosen(SCENARIOS, (scenario) => names.includes(scenario)),
    contenders: chosen(contenders, ({ name }) => names.includes(name)),
    json: values.json === undefined ? undefined : resolve(values.json),
    profile: values.profile === undefined ? undefined : resolve(values.profile),
    portBase: wholeNumber('port-base', values['port-base'] ?? '14000', 1024, 64_000),
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

function parse(args: readonly string[], faults: string[]) {
  const options = {
    quick: { type: 'boolean' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    'port-base': { type: 'string' },
    help: { type: 'boolean' },
  } as const;
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = options[token.name as keyof typeof options];
    const fault = option && (option.type === 'string' ? token.value === undefined : token.value !== undefined);
    if (option === undefined) faults.push(`unknown option ${token.rawName}`);
    else if (fault) faults.push(`${token.rawName} ${option.type === 'string' ? 'needs a value' : 'takes no value'}`);
    if (fault) delete values[token.name];
  }
  return {
    values: values as {
      [K in keyof typeof options]?: (typeof options)[K]['type'] extends 'boolean' ? boolean : string;
    },
    positionals,
  };
}
