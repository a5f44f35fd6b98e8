import { givenPath, readFlags } from '@standing-order/tools/flags';

export const HELP = `Tests the chart in a real cluster: installs it, places orders, deletes pods under load, upgrades, traces and uninstalls.

  npm run cluster:test -- [options]

Uses the cluster of the current kubectl context, which must have Dapr 1.18 or newer. Creates a namespace of its own and
removes it at the end. Images that the cluster cannot pull must be loaded beforehand; the test lists missing images.

  --test-cluster          start the disposable cluster in the folder $STANDING_ORDER_CLUSTER (default: ../shared/cluster
                          beside the checkout; see tests/cluster/README.md), build and load all images, install Dapr, and
                          remove the cluster at the end
  --full                  also Kafka, PostgreSQL, a token issuer, deletion of the state store and of Dapr's control plane,
                          and the upgrade from the chart's previous version; without it: Redis, and a list of the omitted
                          checks
  --only TEXT             only checks with this text in their names, and the checks that they need
  --within SECONDS        start no check that would end after this time, 60 to 14400; the rest counts as skipped
  --image NAME:TAG        image of the services; default: standing-order with the chart's appVersion
  --k6-image NAME:TAG     default: grafana/k6:2.1.0
  --kafka-image NAME:TAG, --postgresql-image NAME:TAG     default: the chart's image
  --json FILE             write the report as JSON
  --keep                  keep all objects at the end, for inspection; the next run replaces them
  --help                  print this text

Each check prints one line; the last line is 'N passed, N failed, N skipped'. Exit code: 0 no failure, 1 a failed check or
an error before the first check, 2 invalid arguments.`;

export interface Options {
  readonly help: boolean;
  readonly testCluster: boolean;
  readonly full: boolean;
  readonly withinMs: number;
  readonly image: string;
  readonly k6Image: string;
  readonly kafkaImage: string | undefined;
  readonly postgresqlImage: string | undefined;
  readonly only: string | undefined;
  readonly json: string | undefined;
  readonly keep: boolean;
}

const IMAGE = /^[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * Reads the command line. `appVersion`: the chart's.
 *
 * @throws an Error that lists every error of the command line
 */
export function readOptions(args: readonly string[], appVersion: string): Options {
  const flags = readFlags(args, {
    values: ['within', 'image', 'k6-image', 'kafka-image', 'postgresql-image', 'only', 'json'],
    switches: ['help', 'test-cluster', 'full', 'keep'],
    maxWords: 0,
  });
  const { values, switches } = flags;
  const faults = [...flags.faults];
  const within = values.get('within') ?? '14400';
  const seconds = Number(within);
  if (!(seconds >= 60 && seconds <= 14_400)) faults.push(`--within must be between 60 and 14400, not "${within}"`);
  for (const name of ['image', 'k6-image', 'kafka-image', 'postgresql-image']) {
    const image = values.get(name);
    if (image !== undefined && !IMAGE.test(image)) faults.push(`--${name} must be NAME:TAG, not "${image}"`);
  }
  const json = values.get('json');
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return {
    help: switches.has('help'),
    testCluster: switches.has('test-cluster'),
    full: switches.has('full'),
    withinMs: seconds * 1_000,
    image: values.get('image') ?? `standing-order:${appVersion}`,
    k6Image: values.get('k6-image') ?? 'grafana/k6:2.1.0',
    kafkaImage: values.get('kafka-image'),
    postgresqlImage: values.get('postgresql-image'),
    only: values.get('only'),
    json: json === undefined ? undefined : givenPath(json),
    keep: switches.has('keep'),
  };
}
