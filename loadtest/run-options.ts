import { type Command, createCommand, givenPath, Option, UsageError } from '@standing-order/tools/cli';
import { scenarioVariables } from './cluster/scenario-pod.ts';
import { RULES } from './scenarios/lib/rules.ts';
import { readSettings } from './scenarios/lib/settings.ts';

/** An option of a scenario: the variable of the k6 script that it sets, its flags and its meaning. */
type ScriptOption = readonly [variable: string, flags: string, description: string];

const SCENARIOS: Readonly<Record<keyof typeof RULES, { description: string; options: readonly ScriptOption[] }>> = {
  smoke: {
    description: 'a few orders; each must be acknowledged',
    options: [
      ['RATE', '--rate <n>', 'orders per second'],
      ['SECONDS', '--seconds <n>', 'duration'],
    ],
  },
  load: {
    description: 'rates in steps, beyond the capacity',
    options: [
      ['STEPS', '--steps <n,...>', 'rates in orders per second'],
      ['STEP_SECONDS', '--step-seconds <n>', 'duration of a step'],
    ],
  },
  availability: {
    description: 'one rate, reported before, during and after a fault that you apply',
    options: [
      ['RATE', '--rate <n>', 'orders per second'],
      ['BEFORE_SECONDS', '--before <n>', 'seconds before the fault'],
      ['DURING_SECONDS', '--during <n>', 'seconds of the fault'],
      ['AFTER_SECONDS', '--after <n>', 'seconds after the fault'],
      ['GOAL', '--goal <percent>', 'percentage of each phase that must be acknowledged'],
    ],
  },
};

const COMMON_OPTIONS: readonly ScriptOption[] = [
  [
    'CONSUMER_URL',
    '--consumer-url <url>',
    "the consumer service (default: the order service's URL with its port + 100)",
  ],
  [
    'RESTAURANT_URL',
    '--restaurant-url <url>',
    "the restaurant service (default: the order service's URL with its port + 200)",
  ],
  [
    'ALLOW_HOST',
    '--allow-host <name,...>',
    'further hosts that may be loaded, beside this machine and names below .test',
  ],
  ['ORDER_STYLE', '--style <name>', 'sent as Order-Style'],
  ['PREFER', '--prefer <text>', 'sent as Prefer'],
  ['TIMEOUT_MS', '--timeout-ms <n>', 'time after which a request is abandoned, its outcome unknown (default: 5000)'],
  ['MAX_VUS', '--max-vus <n>', 'requests in flight at once; further ones are dropped (default: 2000)'],
];

/** The release of the chart, in the cluster of the current kubectl context, that a run loads. */
export interface LoadedRelease {
  readonly namespace: string;
  readonly release: string;
  readonly k6Image: string;
}

export interface RunOptions {
  readonly scenario: string;
  readonly log: string | undefined;
  readonly json: string | undefined;
  /** Variables of the k6 script. */
  readonly variables: Readonly<Record<string, string>>;
  /** Runs k6 in a cluster; undefined: on this machine. */
  readonly cluster: LoadedRelease | undefined;
}

/** The command line. `run` receives its options. */
export function createLoadCommand(run: (options: RunOptions) => Promise<void>): Command {
  const program = createCommand(
    'load',
    'Sends orders with k6 at arrival rates that do not depend on responses.',
  ).addHelpText(
    'after',
    `
Dropped requests, timeouts, errors and wrong responses count as not acknowledged.
Where callers need a token, the environment variable BEARER_TOKEN is that of an administrator.
Options of a scenario: npm run load -- SCENARIO --help
Exit codes: 0 the goal was reached, 1 it was missed or no request was offered, 2 wrong arguments.`,
  );
  for (const [scenario, { description, options }] of Object.entries(SCENARIOS)) {
    const rules: Readonly<Record<string, { readonly default: string }>> = RULES[scenario as keyof typeof RULES];
    const command = program
      .command(scenario)
      .description(description)
      .option('--url <url>', 'the order service (default: http://127.0.0.1:4000, as started by npm start)')
      .option(
        '--log <file>',
        'JSON lines of every request, for npm run checker; an existing file is overwritten',
        givenPath,
      )
      .option('--json <file>', 'the summary as JSON', givenPath)
      .option('--cluster', 'k6 in a pod, on a release in the cluster of the current kubectl context')
      .option('--namespace <name>', 'namespace of the release', 'default')
      .option('--release <name>', 'name of the release', 'shop')
      .option('--k6-image <image>', 'image of k6 in the cluster', 'grafana/k6:2.1.0');
    const scriptOptions = [...options, ...COMMON_OPTIONS].map(([variable, flags, text]) => {
      const preset = rules[variable]?.default;
      return [variable, new Option(flags, preset === undefined ? text : `${text} (default: ${preset})`)] as const;
    });
    for (const [, option] of scriptOptions) command.addOption(option);
    command.action(async ({ url, log, json, cluster: inCluster, ...values }: Record<string, string>) => {
      const { namespace = '', release = '', k6Image = '' } = values;
      const cluster = inCluster ? { namespace, release, k6Image } : undefined;
      if (cluster !== undefined && [url, values.consumerUrl, values.restaurantUrl].some(Boolean))
        throw new UsageError(
          '--cluster loads the services of --release; leave out --url, --consumer-url and --restaurant-url',
        );
      const given = scriptOptions.map(([variable, option]) => [variable, values[option.attributeName()]] as const);
      const { BEARER_TOKEN } = process.env;
      const variables = {
        ...(BEARER_TOKEN && { BEARER_TOKEN }),
        ...(url === undefined ? {} : serviceUrls(url)),
        ...Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined)),
      };
      try {
        const urls = cluster && scenarioVariables(release, namespace);
        readSettings({ ...variables, ...urls }, RULES[scenario as keyof typeof RULES]);
      } catch (error) {
        throw new UsageError((error as Error).message);
      }
      await run({ scenario, log, json, variables, cluster });
    });
  }
  return program;
}

/** Ports at the distances that `npm start` and the notes of the chart use. */
function serviceUrls(url: string): Record<string, string> {
  const base = URL.parse(url);
  if (base === null || !/^https?:$/.test(base.protocol))
    throw new UsageError(`--url must be http://HOST:PORT, not ${url}`);
  const port = Number(base.port || (base.protocol === 'https:' ? 443 : 80));
  const withOffset = (offset: number) => `${base.protocol}//${base.hostname}:${port + offset}`;
  return { ORDER_URL: withOffset(0), CONSUMER_URL: withOffset(100), RESTAURANT_URL: withOffset(200) };
}
