import { inWords } from '../../deploy/tools/src/report.ts';
import type { Check } from './check-runner.ts';
import {
  buildK6Image,
  buildKafkaImage,
  buildPostgresqlImage,
  buildServicesImage,
  DAPR_VERSION,
  daprChart,
  ensureDaprImage,
  OWN_KAFKA_IMAGE,
  OWN_POSTGRESQL_IMAGE,
} from './images.ts';
import { fixedLocalPorts, requireFreePorts } from './local-ports.ts';
import { firstOrderCommands, loadCommands } from './readme.ts';
import { chartImage, type Values } from './release.ts';
import type { Session } from './session.ts';

const MINUTE_MS = 60_000;
const PORTS_FREE = "the local ports of README's port-forward commands are free";
const CLUSTER_STARTED = 'the disposable cluster starts';
const IMAGES_LOADED = "the images are loaded, and Dapr's control plane is installed from its own chart and ready";
export const CLUSTER_READY = 'the cluster is reachable, with Dapr and the images';

/** The checks before the first release: local ports, a cluster, Dapr in it, images. */
export function preparationChecks(session: Session): Check[] {
  if (!session.options.testCluster) return [portsFree(session), clusterReady(session, [PORTS_FREE])];
  return [
    portsFree(session),
    {
      name: CLUSTER_STARTED,
      needs: [PORTS_FREE],
      async run() {
        await session.startTestbed();
        return '';
      },
    },
    {
      name: IMAGES_LOADED,
      needs: [CLUSTER_STARTED],
      expectedMs: 2 * MINUTE_MS,
      async run(measure) {
        const daprImage = await ensureDaprImage(session);
        // Dapr starts while the other images are built.
        const [installed, built] = await Promise.allSettled([installDapr(session, daprImage), buildImages(session)]);
        if (installed.status === 'rejected') throw installed.reason;
        if (built.status === 'rejected') throw built.reason;
        measure('image of the services, built and loaded', inWords(built.value));
        return installed.value;
      },
    },
    clusterReady(session, [IMAGES_LOADED]),
  ];
}

function portsFree({ options }: Session): Check {
  return {
    name: PORTS_FREE,
    needs: [],
    async run() {
      const ports = fixedLocalPorts([...(await firstOrderCommands()), ...(options.full ? await loadCommands() : [])]);
      await requireFreePorts(ports);
      return ports.join(', ');
    },
  };
}

/** Resolves to the time that the services' image took, in milliseconds. */
async function buildImages(session: Session): Promise<number> {
  const startedAt = performance.now();
  const { image, k6Image } = session.options;
  await buildServicesImage(session, image);
  const tookMs = performance.now() - startedAt;
  // The base images include a stand-in with this name.
  await session.testbed.load(await chartImage('redisImage'));
  await buildK6Image(session, k6Image);
  return tookMs;
}

const OPTIONAL_IMAGES = {
  kafka: { build: buildKafkaImage, own: OWN_KAFKA_IMAGE, value: 'kafkaImage' },
  postgresql: { build: buildPostgresqlImage, own: OWN_POSTGRESQL_IMAGE, value: 'postgresqlImage' },
} as const;

/** A store or broker that the chart can start instead of Redis. */
export type OptionalImage = keyof typeof OPTIONAL_IMAGES;

/** The checks that provide this image, and the needs of a release that uses it. */
export function prepareOptionalImage(
  session: Session,
  optional: OptionalImage,
): { readonly checks: Check[]; readonly needs: readonly string[] } {
  if (!session.options.testCluster) return { checks: [], needs: [CLUSTER_READY] };
  const name = `the image of ${optional} is built and loaded`;
  const run = async () => {
    await OPTIONAL_IMAGES[optional].build(session);
    return '';
  };
  return { checks: [{ name, needs: [CLUSTER_READY], expectedMs: 2 * MINUTE_MS, run }], needs: [name] };
}

/** Installs Dapr without its scheduler: one of the scheduler's modules is not available, and this test does not use it. */
async function installDapr(session: Session, daprImage: string): Promise<string> {
  await session.connect();
  const programs = {
    dapr_operator: 'image',
    dapr_placement: 'image',
    dapr_sentry: 'image',
    dapr_sidecar_injector: 'injectorImage',
  };
  const images = [
    ...Object.entries(programs).map(([program, image]) => `${program}.${image}`),
    'dapr_sidecar_injector.image',
  ];
  const values = [
    ...images.map((image) => `${image}.name=${daprImage}`),
    'global.scheduler.enabled=false',
    // Pod Security `restricted` demands it of every container, and Dapr has no annotation for it.
    'dapr_sidecar_injector.sidecarDropALLCapabilities=true',
    // Deletes the pods that were created while no injector ran: they have no sidecar, and are never ready.
    'dapr_operator.watchInterval=10s',
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

function clusterReady(session: Session, needs: readonly string[]): Check {
  return {
    name: CLUSTER_READY,
    needs,
    async run() {
      const { testCluster } = session.options;
      if (!testCluster) await session.connect();
      const dapr = await session.findDapr();
      // An earlier check has loaded the images of the disposable cluster.
      const faults = testCluster ? [] : await findImageFaults(session);
      if (faults.length > 0) throw new Error(faults.join('\n'));
      const { serverVersion } = JSON.parse(await session.cluster.kubectl(['version', '--output', 'json']));
      return `Kubernetes ${serverVersion.gitVersion}, Dapr ${dapr.version} in ${dapr.namespace}`;
    },
  };
}

async function findImageFaults(session: Session): Promise<string[]> {
  const { image, k6Image, full } = session.options;
  const images: RequiredImage[] = [
    { image, command: ['node', '--version'], source: 'docker build --file deploy/images/Dockerfile .' },
    { image: k6Image, command: ['k6', 'version'], source: 'or name another by --k6-image' },
    ...(await Promise.all([storeImage('redis'), ...(full ? optionalImages(session) : [])])),
  ];
  const faults = await Promise.all(images.map((each, index) => findImageFault(session, `image-${index}`, each)));
  return faults.filter((fault) => fault !== undefined);
}

/** The image of a store or a broker: `chosen`, or the chart's own. */
async function storeImage(name: 'redis' | OptionalImage, chosen?: string): Promise<RequiredImage> {
  const image = chosen ?? (await chartImage(`${name}Image`));
  const flag = name === 'redis' ? '' : ` or name another by --${name}-image`;
  return { image, command: ['sh', '-c', 'true'], source: `the chart's ${name}Image${flag}` };
}

const optionalImages = ({ options }: Session): Promise<RequiredImage>[] =>
  (['kafka', 'postgresql'] as const).map((name) => storeImage(name, options[OPTIONAL_IMAGES[name].value]));

interface RequiredImage {
  readonly image: string;
  /** Runs in the image and ends with exit code 0. */
  readonly command: readonly string[];
  /** Text for the error: how to get the image. */
  readonly source: string;
}

/** Runs the image in a pod, and describes the failure if it does not start. */
async function findImageFault(
  { cluster }: Session,
  name: string,
  { image, command, source }: RequiredImage,
): Promise<string | undefined> {
  const container = { name: 'image', image, imagePullPolicy: 'IfNotPresent', command };
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [container] },
  });
  const fault = await cluster.waitFor(
    `${image} runs`,
    async () => {
      const { status } = await cluster.get('pod', name);
      const { waiting, terminated } = status.containerStatuses?.[0]?.state ?? {};
      if (/^(ErrImage|ImagePull|InvalidImage|CreateContainer|RunContainer)/.test(waiting?.reason ?? ''))
        return `${waiting.reason}: ${waiting.message}`;
      if (terminated === undefined) return undefined;
      return terminated.exitCode === 0 ? '' : `its command ended with exit code ${terminated.exitCode}`;
    },
    3 * MINUTE_MS,
  );
  await cluster.kubectl(['delete', 'pod', name, '--wait=false']);
  return fault === ''
    ? undefined
    : `the image ${image} does not run in the cluster (${source}, then load or push it): ${fault}`;
}

/** The chart's value for the image, or no value where the chart's own image is used. */
export function imageValue({ options }: Session, optional: OptionalImage): Values {
  const { own, value } = OPTIONAL_IMAGES[optional];
  const image = options[value] ?? (options.testCluster ? own : undefined);
  return image === undefined ? {} : { [value]: image };
}
