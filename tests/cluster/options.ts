import { type Command, createCommand, givenPath, UsageError } from '@standing-order/tools/cli';

const MIN_WITHIN_S = 60;
const MAX_WITHIN_S = 14_400;

// Commander wraps the lines.
const DESCRIPTION = [
  'Tests the chart in a real cluster: installs it, places orders, deletes pods under load, upgrades, traces and uninstalls.',
  'Uses the cluster of the current kubectl context, which must have Dapr 1.18 or newer.',
  'Creates a namespace of its own and removes it at the end.',
  'Images that the cluster cannot pull must be loaded beforehand; the test lists missing images.',
].join(' ');

const EXIT_CODES = `
Each check prints one line; the last line is 'N passed, N failed, N skipped'.
Exit code: 0 no failure, 1 a failed check or an error before the first check, 2 wrong arguments.`;

export interface Options {
  readonly testCluster: boolean;
  readonly full: boolean;
  readonly withinMs: number;
  readonly image: string;
  readonly k6Image: string;
  readonly kafkaImage: string | undefined;
  readonly postgresqlImage: string | undefined;
  readonly upgradeFrom: string | undefined;
  readonly only: string | undefined;
  readonly json: string | undefined;
  readonly keep: boolean;
}

/** The options as commander parses them. */
interface ParsedOptions {
  readonly testCluster?: true;
  readonly full?: true;
  readonly upgradeFrom?: string;
  readonly only?: string;
  readonly within: string;
  readonly image: string;
  readonly k6Image: string;
  readonly kafkaImage?: string;
  readonly postgresqlImage?: string;
  readonly json?: string;
  readonly keep?: true;
}

/** Creates the command line. `appVersion`: the chart's; `run` receives the valid options. */
export function createClusterTestCommand(appVersion: string, run: (options: Options) => Promise<void>): Command {
  return createCommand('cluster:test', DESCRIPTION)
    .option(
      '--test-cluster',
      'start the disposable cluster in the folder $STANDING_ORDER_CLUSTER (default: ../shared/cluster beside the checkout; see tests/cluster/README.md), build and load all images, install Dapr, and remove the cluster at the end',
    )
    .option(
      '--full',
      "also Kafka, PostgreSQL, a token issuer, deletion of the state store and of Dapr's control plane, and the upgrade from the chart's previous version; without it: Redis, and a list of the omitted checks",
    )
    .option(
      '--upgrade-from <commit>',
      "with --full: upgrade from the chart's version before the current one in the history of this commit; default: of HEAD",
    )
    .option('--only <text>', 'only checks with this text in their names, and the checks that they need')
    .option(
      '--within <seconds>',
      `start no check that would end after this time, ${MIN_WITHIN_S} to ${MAX_WITHIN_S}; the rest counts as skipped`,
      String(MAX_WITHIN_S),
    )
    .option('--image <name:tag>', 'image of the services', `standing-order:${appVersion}`)
    .option('--k6-image <name:tag>', 'image of the load generator', 'grafana/k6:2.1.0')
    .option('--kafka-image <name:tag>', "default: the chart's image")
    .option('--postgresql-image <name:tag>', "default: the chart's image")
    .option('--json <file>', 'write the report as JSON')
    .option('--keep', 'keep all objects at the end, for inspection; the next run replaces them')
    .addHelpText('after', EXIT_CODES)
    .action((parsed: ParsedOptions) => run(readOptions(parsed)));
}

const IMAGE = /^[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** A name or a hash of a commit. */
const COMMIT = /^[A-Za-z0-9][A-Za-z0-9._/~^-]*$/;

/** @throws a UsageError that lists every invalid value */
function readOptions(parsed: ParsedOptions): Options {
  const { within, image, k6Image, kafkaImage, postgresqlImage, upgradeFrom, only, json } = parsed;
  const errors: string[] = [];
  const seconds = Number(within);
  if (!(seconds >= MIN_WITHIN_S && seconds <= MAX_WITHIN_S))
    errors.push(`--within must be between ${MIN_WITHIN_S} and ${MAX_WITHIN_S}, not "${within}"`);
  const images = { image, 'k6-image': k6Image, 'kafka-image': kafkaImage, 'postgresql-image': postgresqlImage };
  for (const [name, value] of Object.entries(images))
    if (value !== undefined && !IMAGE.test(value)) errors.push(`--${name} must be NAME:TAG, not "${value}"`);
  if (upgradeFrom !== undefined && !COMMIT.test(upgradeFrom))
    errors.push(`--upgrade-from must be a commit, not "${upgradeFrom}"`);
  if (errors.length > 0) throw new UsageError(errors.join('\n'));
  return {
    testCluster: parsed.testCluster ?? false,
    full: parsed.full ?? false,
    withinMs: seconds * 1_000,
    image,
    k6Image,
    kafkaImage,
    postgresqlImage,
    upgradeFrom,
    only,
    json: json === undefined ? undefined : givenPath(json),
    keep: parsed.keep ?? false,
  };
}
