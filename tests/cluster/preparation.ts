import { inWords } from '../../deploy/tools/src/report.ts';
import {
  buildK6Image,
  buildKafkaImage,
  buildPostgresqlImage,
  buildServicesImage,
  DAPR_VERSION,
  daprChart,
  haveDaprImage,
  OWN_KAFKA_IMAGE,
  OWN_POSTGRESQL_IMAGE,
} from './images.ts';
import { chartImage, type Values } from './release.ts';
import type { Check } from './report.ts';
import type { Session } from './session.ts';

const minute = 60_000;
const STARTS = 'the disposable cluster starts';
const IMAGES = "the images are loaded, and Dapr's control plane is installed from its own chart and ready";
export const READY = 'the cluster is there, with Dapr and the images';

/** What comes before the chart: a cluster, Dapr in it, images. */
export function preparation(session: Session): Check[] {
  if (!session.options.testCluster) return [reached(session, [])];
  return [
    {
      name: STARTS,
      needs: [],
      async run() {
        await session.start();
        return '';
      },
    },
    {
      name: IMAGES,
      needs: [STARTS],
      takesMs: 2 * minute,
      async run({ measured }) {
        const dapr = await haveDaprImage(session);
        // It starts while the other images are made.
        const [installed, made] = await Promise.allSettled([installDapr(session, dapr), makeImages(session)]);
        if (installed.status === 'rejected') throw installed.reason;
        if (made.status === 'rejected') throw made.reason;
        measured('image of the services, built and loaded', inWords(made.value));
        return installed.value;
      },
    },
    reached(session, [IMAGES]),
  ];
}

/** Resolves to how long the services' took, in milliseconds. */
async function makeImages(session: Session): Promise<number> {
  const began = performance.now();
  const { image, k6Image } = session.options;
  await buildServicesImage(session, image);
  const took = performance.now() - began;
  // A stand-in of that name is among the base images.
  await session.testbed.load(await chartImage('redisImage'));
  await buildK6Image(session, k6Image);
  return took;
}

const extras = {
  kafka: { build: buildKafkaImage, own: OWN_KAFKA_IMAGE, value: 'kafkaImage' },
  postgresql: { build: buildPostgresqlImage, own: OWN_POSTGRESQL_IMAGE, value: 'postgresqlImage' },
} as const;

/** What the chart can start beside Redis. */
export type Extra = keyof typeof extras;

/** What the chart with it needs beyond that. */
export function preparationOf(
  session: Session,
  extra: Extra,
): { readonly checks: Check[]; readonly needs: readonly string[] } {
  if (!session.options.testCluster) return { checks: [], needs: [READY] };
  const name = `the image of ${extra} is built and loaded`;
  const run = async () => {
    await extras[extra].build(session);
    return '';
  };
  return { checks: [{ name, needs: [READY], takesMs: 2 * minute, run }], needs: [name] };
}

/** The scheduler is off: one of its modules can't be had, and nothing here needs it. */
async function installDapr(session: Session, daprImage: string): Promise<string> {
  await session.reach();
  const programs = {
    dapr_operator: 'image',
    dapr_placement: 'image',
    dapr_sentry: 'image',
    dapr_sidecar_injector: 'injectorImage',
  };
  const images = [
    ...Object.entries(programs).map(([part, image]) => `${part}.${image}`),
    'dapr_sidecar_injector.image',
  ];
  const values = [
    ...images.map((image) => `${image}.name=${daprImage}`),
    'global.scheduler.enabled=false',
    `global.tag=${DAPR_VERSION}`,
  ];
  await session.cluster.helm([
    ...['upgrade', '--install', 'dapr', await daprChart(session.signal)],
    ...['--namespace', 'dapr-system', '--create-namespace', '--wait', '--timeout', '4m'],
    ...values.flatMap((value) => ['--set', value]),
  ]);
  const { items } = await session.cluster.get('pods', '--namespace', 'dapr-system');
  const names = items.map(({ metadata }: { metadata: { labels: { app: string } } }) => metadata.labels.app);
  return names.toSorted().join(', ');
}

function reached(session: Session, needs: readonly string[]): Check {
  return {
    name: READY,
    needs,
    async run() {
      if (needs.length === 0) await session.reach();
      const dapr = await session.findDapr();
      // What was loaded just now is there.
      const missing = session.options.testCluster ? [] : await faultsOfImages(session);
      if (missing.length > 0) throw new Error(missing.join('\n'));
      const { serverVersion } = JSON.parse(await session.cluster.kubectl(['version', '--output', 'json']));
      return `Kubernetes ${serverVersion.gitVersion}, Dapr ${dapr.version} in ${dapr.namespace}`;
    },
  };
}

async function faultsOfImages(session: Session): Promise<string[]> {
  const { image, k6Image, full } = session.options;
  const images: Image[] = [
    { image, command: ['node', '--version'], get: 'docker build --file deploy/images/Dockerfile .' },
    { image: k6Image, command: ['k6', 'version'], get: 'or name another by --k6-image' },
    ...(await Promise.all([imageOfStore('redis'), ...(full ? extraImages(session) : [])])),
  ];
  const faults = await Promise.all(images.map((each, index) => faultOfImage(session, `image-${index}`, each)));
  return faults.filter((fault) => fault !== undefined);
}

/** An image that the chart starts a store or a broker from. */
async function imageOfStore(name: 'redis' | Extra, chosen?: string): Promise<Image> {
  const image = chosen ?? (await chartImage(`${name}Image`));
  const flag = name === 'redis' ? '' : ` or name another by --${name}-image`;
  return { image, command: ['sh', '-c', 'true'], get: `the chart's ${name}Image${flag}` };
}

const extraImages = ({ options }: Session): Promise<Image>[] =>
  (['kafka', 'postgresql'] as const).map((extra) => imageOfStore(extra, options[extras[extra].value]));

interface Image {
  readonly image: string;
  readonly command: readonly string[];
  readonly get: string;
}

/** What is wrong with an image on this cluster, found by running it. */
async function faultOfImage(
  { cluster }: Session,
  name: string,
  { image, command, get }: Image,
): Promise<string | undefined> {
  const container = { name: 'image', image, imagePullPolicy: 'IfNotPresent', command };
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [container] },
  });
  const fault = await cluster.eventually(
    `${image} runs`,
    async () => {
      const { status } = await cluster.get('pod', name);
      const { waiting, terminated } = status.containerStatuses?.[0]?.state ?? {};
      if (/^(ErrImage|ImagePull|InvalidImage|CreateContainer|RunContainer)/.test(waiting?.reason ?? ''))
        return `${waiting.reason}: ${waiting.message}`;
      if (terminated === undefined) return undefined;
      return terminated.exitCode === 0 ? '' : `it ended with ${terminated.exitCode}`;
    },
    3 * minute,
  );
  await cluster.kubectl(['delete', 'pod', name, '--wait=false']);
  return fault === ''
    ? undefined
    : `the image ${image} is missing in the cluster (${get}, then load or push it): ${fault}`;
}

/** The chart's value for the image, where it is not to be the chart's own. */
export function imageValue({ options }: Session, extra: Extra): Values {
  const { own, value } = extras[extra];
  const image = options[value] ?? (options.testCluster ? own : undefined);
  return image === undefined ? {} : { [value]: image };
}
