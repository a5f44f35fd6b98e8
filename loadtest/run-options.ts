import { givenPath, readFlags } from '@standing-order/tools/flags';
import { RULES } from './scenarios/lib/rules.ts';
import { readSettings } from './scenarios/lib/settings.ts';

export const scenarioNames = ['smoke', 'load', 'availability'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** The flags of a run, and the variable of its script that each sets. */
const variables = {
  'consumer-url': 'CONSUMER_URL',
  'restaurant-url': 'RESTAURANT_URL',
  'allow-host': 'ALLOW_HOST',
  style: 'ORDER_STYLE',
  prefer: 'PREFER',
  'timeout-ms': 'TIMEOUT_MS',
  'max-vus': 'MAX_VUS',
  rate: 'RATE',
  seconds: 'SECONDS',
  before: 'BEFORE_SECONDS',
  during: 'DURING_SECONDS',
  after: 'AFTER_SECONDS',
  goal: 'GOAL',
  steps: 'STEPS',
  'step-seconds': 'STEP_SECONDS',
} as const;
type Flag = keyof typeof variables;

/** Flags that mean something to one scenario alone. */
const own: Readonly<Record<ScenarioName, readonly Flag[]>> = {
  smoke: ['rate', 'seconds'],
  load: ['steps', 'step-seconds'],
  availability: ['rate', 'before', 'during', 'after', 'goal'],
};
const ofOne = new Set(Object.values(own).flat());

export const HELP = `Loads the order service from the users' side, with k6, at arrival rates that do not wait for answers.

  npm run load -- SCENARIO [options]

  smoke          a few orders, each must be taken:            --rate 5 --seconds 5
  load           rates in steps, until it can't keep up:      --steps 25,50,100,200,400,800 --step-seconds 10
  availability   one rate, told apart before, during and after a fault that you bring about at the right time:
                                                              --rate 20 --before 10 --during 20 --after 10
                 --goal PERCENT of each of the three that must be acknowledged; default 0

  --url URL               the order service; default http://127.0.0.1:4000, as npm start has it
  --consumer-url URL      default: the order service's with its port + 100
  --restaurant-url URL    default: the order service's with its port + 200
  --allow-host NAME,...   hosts to load that are neither this machine nor below .test
  --style NAME            sent as Order-Style     --prefer TEXT   sent as Prefer
  --timeout-ms N          after which a request gives up, its outcome unknown; default 5000
  --max-vus N             requests under way at once, more are dropped; default 2000
  --log FILE              JSON lines of every request, for npm run checker; what is in it goes; default: not kept
  --json FILE             the summary as JSON
  --help

Dropped requests, timeouts, errors and wrong answers all count as not acknowledged. Exit code: 0 reached its goal,
1 not, or nothing was offered, 2 wrong arguments.
`;

export interface RunOptions {
  readonly help: boolean;
  readonly scenario: ScenarioName;
  readonly log: string | undefined;
  readonly json: string | undefined;
  /** For the script. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Reads the command line.
 *
 * @throws an Error that lists every fault
 */
export function readRunOptions(args: readonly string[]): RunOptions {
  const flags = readFlags(args, {
    values: [...Object.keys(variables), 'url', 'log', 'json'],
    switches: ['help'],
    maxWords: Number.POSITIVE_INFINITY,
  });
  const { values, words } = flags;
  const faults = [...flags.faults];
  const scenario = scenarioNames.find((name) => name === words[0]);
  if (scenario === undefined || words.length > 1)
    faults.push(`one of ${scenarioNames.join(', ')} is needed, not: ${words.join(' ') || 'nothing'}`);
  else
    for (const flag of ofOne)
      if (values.has(flag) && !own[scenario].includes(flag)) faults.push(`--${flag} means nothing to ${scenario}`);
  const url = values.get('url');
  const chosen: Record<string, string> = url === undefined ? {} : urlsFrom(url, faults);
  for (const [flag, variable] of Object.entries(variables)) {
    const value = values.get(flag);
    if (value !== undefined) chosen[variable] = value;
  }
  if (scenario !== undefined) faults.push(...faultsOf(() => readSettings(chosen, RULES[scenario])));
  const help = flags.switches.has('help');
  if (faults.length > 0 && !help) throw new Error(faults.join('\n'));
  const [log, json] = [values.get('log'), values.get('json')];
  return {
    help,
    scenario: scenario ?? 'smoke',
    log: log === undefined ? undefined : givenPath(log),
    json: json === undefined ? undefined : givenPath(json),
    variables: chosen,
  };
}

function faultsOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Ports apart as `npm start` and the chart's notes have them. */
function urlsFrom(url: string, faults: string[]): Record<string, string> {
  const base = URL.parse(url);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    faults.push(`--url: "${url}" is not http://HOST:PORT`);
    return {};
  }
  const port = Number(base.port || (base.protocol === 'https:' ? 443 : 80));
  const beside = (offset: number) => `${base.protocol}//${base.hostname}:${port + offset}`;
  return { ORDER_URL: beside(0), CONSUMER_URL: beside(100), RESTAURANT_URL: beside(200) };
}
