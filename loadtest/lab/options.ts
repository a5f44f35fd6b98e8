import { join, resolve } from 'node:path';
import {
  type Command,
  createCommand,
  createIntegerOption,
  givenPath,
  Option,
  UsageError,
} from '@standing-order/tools/cli';
import type { LoadedRelease } from '../run-options.ts';
import type { Timing } from './runs/plan.ts';

const ROOT = resolve(import.meta.dirname, '../..');

export interface LabOptions {
  /** Undefined: all. */
  readonly faults: readonly string[] | undefined;
  readonly brokers: readonly ('redis' | 'kafka' | 'cluster')[];
  /** A release in a cluster; undefined: local processes. */
  readonly cluster: LoadedRelease | undefined;
  readonly repetitions: number;
  readonly timing: Timing;
  readonly seed: number;
  /** The folder of the results. */
  readonly out: string;
  /** Judges the results and fails when a promise is broken. */
  readonly quick: boolean;
  readonly deadlineSeconds: number | undefined;
  /** Keeps the logs of every run, not only of those without a result or with a finding. */
  readonly keepLogs: boolean;
}

/** The cells of a quick lab: one of each kind. */
const QUICK_FAULTS = ['none', 'consumer-down', 'broker-killed', 'order-replica-killed'];
const QUICK_TIMING: Timing = { rate: 5, before: 4, during: 8, after: 6 };

const list = (text: string): string[] => text.split(',').filter((name) => name !== '');

const brokersOption = () =>
  new Option('--brokers <name,...>', 'redis, kafka').argParser(list).default(['redis', 'kafka'], 'redis,kafka');

/** The command line of the lab. */
export function createLabCommand(actions: {
  run(options: LabOptions): Promise<void>;
  report(folders: { from: string; to: string }): Promise<void>;
  measureWaiting(options: WaitingLabOptions): Promise<void>;
  printChaos(options: ChaosOptions): Promise<void>;
}): Command {
  const program = createCommand('lab', 'Measures the availability of each style of ordering under each fault.');
  program
    .command('run', { isDefault: true })
    .description('runs the cells that have no result yet, and writes the page')
    .addOption(
      new Option(
        '--faults <name,...>',
        'faults of loadtest/lab/faults; "none" is the control (default: all)',
      ).argParser(list),
    )
    .addOption(brokersOption())
    .addOption(createIntegerOption('--runs <n>', 'runs of each cell', { min: 1, max: 100 }).default(5))
    .addOption(createIntegerOption('--rate <n>', 'orders per second of each style', { min: 1, max: 1_000 }).default(10))
    .addOption(createIntegerOption('--before <seconds>', 'time before the fault', { min: 2, max: 3_600 }).default(10))
    .addOption(createIntegerOption('--during <seconds>', 'time of the fault', { min: 2, max: 3_600 }).default(15))
    .addOption(createIntegerOption('--after <seconds>', 'time after the fault', { min: 2, max: 3_600 }).default(15))
    .addOption(
      createIntegerOption('--seed <n>', 'of the random order of the runs', { min: 0, max: 2 ** 31 - 1 }).default(1),
    )
    .addOption(
      createIntegerOption('--within <seconds>', 'starts no further run after this time', { min: 1, max: 10 ** 6 }),
    )
    .option('--out <folder>', 'folder of the results', givenPath, join(ROOT, '.standing-order', 'lab'))
    .option('--keep-logs', 'keeps the logs of every run in the folder of the results')
    .option('--cluster', 'on a release of the chart, with kubectl and its current context, instead of local processes')
    .option('--namespace <name>', 'namespace of the release', 'default')
    .option('--release <name>', 'name of the release', 'shop')
    .option('--k6-image <image>', 'image of k6 in the cluster', 'grafana/k6:2.1.0')
    .option('--quick', `${QUICK_FAULTS.length} cells on Redis, one short run each`)
    .action(async (flags: Flags) => actions.run(labOptionsOf(flags)));
  program
    .command('waiting')
    .description('measures intake while orders wait for the consumer service, as ratios to intake without them')
    .addOption(brokersOption())
    .addOption(createIntegerOption('--runs <n>', 'repetitions on each broker', { min: 1, max: 100 }).default(3))
    .addOption(createIntegerOption('--orders <n>', 'orders that wait', { min: 1, max: 200_000 }).default(10_000))
    .addOption(
      createIntegerOption('--rate <n>', 'orders per second of the open loop', { min: 1, max: 1_000 }).default(100),
    )
    .addOption(createIntegerOption('--seconds <n>', 'duration of each loop', { min: 1, max: 300 }).default(10))
    .option('--out <folder>', 'folder of the results', givenPath, join(ROOT, '.standing-order', 'lab'))
    .action(async ({ runs, brokers, ...rest }: WaitingFlags) =>
      actions.measureWaiting({ ...rest, repetitions: runs, brokers: brokersOf(brokers) }),
    );
  program
    .command('report')
    .description('writes the page, its JSON, the picture and the table from the results')
    .option('--out <folder>', 'folder of the results', givenPath, join(ROOT, '.standing-order', 'lab'))
    .option('--to <folder>', 'folder to write to', givenPath, join(ROOT, 'docs', 'availability'))
    .action(async ({ out, to }: { out: string; to: string }) => actions.report({ from: out, to }));
  program
    .command('chaos-mesh')
    .description('prints the faults as objects of Chaos Mesh, for clusters that have it')
    .addOption(new Option('--faults <name,...>', 'faults of loadtest/lab/faults (default: all)').argParser(list))
    .option('--namespace <name>', 'namespace of the release', 'default')
    .option('--release <name>', 'name of the release', 'shop')
    .addOption(createIntegerOption('--seconds <n>', 'duration of each fault', { min: 1, max: 3_600 }).default(15))
    .action(async (flags: ChaosOptions) => actions.printChaos(flags));
  return program.addHelpText(
    'after',
    `
A run in which the fault did not take effect, or the load was not offered, has no result and is repeated by the next call.
Exit codes: 0 every run has a result without a finding, 1 otherwise, 2 wrong arguments.`,
  );
}

export interface ChaosOptions {
  readonly faults?: readonly string[];
  readonly namespace: string;
  readonly release: string;
  readonly seconds: number;
}

export interface WaitingLabOptions {
  readonly brokers: readonly ('redis' | 'kafka')[];
  readonly repetitions: number;
  readonly orders: number;
  readonly rate: number;
  readonly seconds: number;
  /** The folder of the results. */
  readonly out: string;
}

interface WaitingFlags extends Omit<WaitingLabOptions, 'brokers' | 'repetitions'> {
  readonly brokers: readonly string[];
  readonly runs: number;
}

interface Flags {
  readonly faults?: readonly string[];
  readonly brokers: readonly string[];
  readonly runs: number;
  readonly rate: number;
  readonly before: number;
  readonly during: number;
  readonly after: number;
  readonly seed: number;
  readonly within?: number;
  readonly out: string;
  readonly keepLogs?: boolean;
  readonly quick?: boolean;
  readonly cluster?: boolean;
  readonly namespace: string;
  readonly release: string;
  readonly k6Image: string;
}

function labOptionsOf(flags: Flags): LabOptions {
  const { faults, runs, rate, before, during, after, seed, within, out, quick = false, keepLogs = false } = flags;
  const { namespace, release, k6Image } = flags;
  const cluster = flags.cluster ? { namespace, release, k6Image } : undefined;
  if (cluster !== undefined && quick)
    throw new UsageError('--quick is for local processes; use --faults with --cluster');
  const common = { seed, quick, deadlineSeconds: within, cluster, keepLogs };
  if (quick) {
    const cells = { faults: QUICK_FAULTS, brokers: ['redis'] as const, repetitions: 1, timing: QUICK_TIMING };
    return { ...common, ...cells, out: join(out, 'quick') };
  }
  const brokers = cluster === undefined ? brokersOf(flags.brokers) : (['cluster'] as const);
  return { ...common, faults, brokers, repetitions: runs, timing: { rate, before, during, after }, out };
}

function brokersOf(names: readonly string[]): ('redis' | 'kafka')[] {
  const known = names.filter((name) => name === 'redis' || name === 'kafka');
  if (known.length > 0 && known.length === names.length) return known;
  throw new UsageError(`--brokers must be redis, kafka or both, not ${names.join(',')}`);
}
