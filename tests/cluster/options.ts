import { givenPath, readFlags } from '@standing-order/tools/flags';

export const HELP = `Tests the chart in a real cluster: installs it, takes orders, takes pods away under load, rolls, traces, uninstalls.

  npm run cluster:test -- [options]

Works on the cluster of the current kubectl context, which must have Dapr 1.18 or newer, in a namespace of its own that it
makes and removes. Images that the cluster can't pull must be there already; it says which are missing.

  --test-cluster          start the disposable cluster in the folder of $STANDING_ORDER_CLUSTER (default:
                          ../shared/cluster beside the checkout; deploy/cluster/README.md says what is in it), build and
                          load all images, install Dapr, and take the cluster down in the end
  --full                  also Kafka, PostgreSQL, an issuer of tokens, the deleted state store and control plane of Dapr, and
                          the upgrade from the chart's version before; else Redis, and the names of what is left out
  --only TEXT             only checks with this in their names, with what they need
  --within SECONDS        begin no check that would end after this time, 60 to 14400; what is left counts as skipped
  --image NAME:TAG        image of the services; default: standing-order with the chart's appVersion
  --k6-image NAME:TAG     default grafana/k6:2.1.0
  --kafka-image NAME:TAG, --postgresql-image NAME:TAG     default: the chart's
  --json FILE             the report as JSON
  --keep                  leave everything as it is in the end, to look at it; the next run begins anew
  --help                  print this

Each check is a line; the last line is 'N passed, N failed, N skipped'. Exit code: 0 none failed, 1 some did or it could not
begin, 2 wrong arguments.`;

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
 * Reads the command line. `appVersion`: of the chart.
 *
 * @throws an Error that lists every fault
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
  if (!(seconds >= 60 && seconds <= 14_400)) faults.push(`--within: "${within}" is not from 60 to 14400`);
  for (const name of ['image', 'k6-image', 'kafka-image', 'postgresql-image']) {
    const image = values.get(name);
    if (image !== undefined && !IMAGE.test(image)) faults.push(`--${name}: "${image}" is not NAME:TAG`);
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
