import { inWords } from '../tools/src/plain/report.mjs';
import {
  buildDaprImage,
  buildK6Image,
  buildKafkaImage,
  buildServicesImage,
  DAPR_IMAGE,
  DAPR_VERSION,
  daprChart,
  OWN_KAFKA_IMAGE,
} from './images.ts';
import type { Check } from './report.ts';
import type { Session } from './session.ts';

const minute = 60_000;
/** As the chart has it; the disposable cluster makes a stand-in of that name. */
const REDIS_IMAGE = 'redis:8';
const STARTS = 'the disposable cluster starts';
const IMAGES = 'the images are built and loaded';
export const READY = 'the cluster is there, with Dapr and the images';

/** What comes before the chart: a cluster, Dapr in it, images. */
export function preparation(session: Session): Check[] {
  if (!session.options.testCluster) return [reached(session, [])];
  const dapr = "Dapr's control plane is installed from its own chart and ready";
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
      async run({ measured }) {
        const began = performance.now();
        const { image, k6Image } = session.options;
        await buildServicesImage(session, image);
        measured('image of the services, built and loaded', inWords(performance.now() - began));
        await session.testbed.load(REDIS_IMAGE);
        await buildDaprImage(session);
        await buildK6Image(session, k6Image);
        return '';
      },
    },
    { name: dapr, needs: [IMAGES], run: () => installDapr(session) },
    reached(session, [dapr]),
  ];
}

const KAFKA_IMAGE = 'Kafka: its image is built and loaded';

/** What the chart with Kafka needs beyond that. */
export function kafkaPreparation(session: Session): { readonly checks: Check[]; readonly needs: readonly string[] } {
  if (!session.options.testCluster) return { checks: [], needs: [READY] };
  const run = async () => {
    await buildKafkaImage(session);
    return '';
  };
  return { checks: [{ name: KAFKA_IMAGE, needs: [READY], run }], needs: [KAFKA_IMAGE] };
}

/** The scheduler is off: one of its modules can't be had, and nothing here needs it. */
async function installDapr(session: Session): Promise<string> {
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
    ...images.map((image) => `${image}.name=${DAPR_IMAGE}`),
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
      await needDapr(session);
      const images = [
        {
          image: session.options.image,
          command: ['node', '--version'],
          get: 'docker build --file deploy/images/Dockerfile .',
        },
        { image: session.options.k6Image, command: ['k6', 'version'], get: 'or name another by --k6-image' },
      ];
      const faults = [];
      for (const [index, each] of images.entries()) faults.push(await faultOfImage(session, `image-${index}`, each));
      const missing = faults.filter((fault) => fault !== undefined);
      if (missing.length > 0) throw new Error(missing.join('\n'));
      const { serverVersion } = JSON.parse(await session.cluster.kubectl(['version', '--output', 'json']));
      return `Kubernetes ${serverVersion.gitVersion}`;
    },
  };
}

async function needDapr({ cluster }: Session): Promise<void> {
  const injector = ['deployments', '--all-namespaces', '--selector', 'app=dapr-sidecar-injector'];
  const { items } = await cluster.get(...injector);
  if (items.length === 0)
    throw new Error(
      'the cluster has no Dapr: install it (https://docs.dapr.io/operations/hosting/kubernetes), 1.18 or newer',
    );
}

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

/** The Kafka that the chart is to start. */
export const kafkaImageOf = ({ options }: Session): string | undefined =>
  options.kafkaImage ?? (options.testCluster ? OWN_KAFKA_IMAGE : undefined);
