import { inWords } from '../../deploy/tools/src/report.ts';
import { type Check, SkipCheck } from './check-runner.ts';
import type { Cluster } from './cluster.ts';
import { collectorUrl, startCollector } from './collector.ts';
import {
  deleteBrokerPod,
  deleteControlPlanePods,
  deletePodOfEachService,
  deleteStateStorePod,
  type LoadedRelease,
  runWithoutFault,
  scaleConsumerToZero,
  upgradeAllPods,
} from './faults.ts';
import { checkFillLevels } from './fill-levels.ts';
import { checkTrace, loadThroughForwardedPorts, measureIdleUse, placeFirstOrder, runHelmTest } from './first-order.ts';
import { checkTokens } from './issuer.ts';
import { checkOrders, SteadyLoad } from './load.ts';
import { checkInvocations } from './neighbour.ts';
import {
  componentPods,
  deleteKeptData,
  hasSidecar,
  install,
  listPods,
  listServices,
  notReadyContainer,
  notReadyReasons,
  uninstallAndCompare,
  type Values,
} from './release.ts';
import type { Session } from './session.ts';

const MINUTE_MS = 60_000;

/** The values that all releases of this test share. */
export function commonValues({ options, cluster, dapr }: Session): Values {
  const colon = options.image.lastIndexOf(':');
  return {
    'image.repository': options.image.slice(0, colon),
    'image.tag': options.image.slice(colon + 1),
    'telemetry.otlpEndpoint': collectorUrl(cluster),
    'networkPolicy.daprNamespace': dapr.namespace,
  };
}

/** A release that is installed before its checks and uninstalled after them. */
interface Release {
  /** Prefix of the names of its checks. */
  readonly title: string;
  readonly values: Values;
  readonly needs: readonly string[];
}

/** The chart with Redis as state store and broker; `full`: with the checks that take too long for a build server. */
export function redisChecks(session: Session, needs: readonly string[], full: boolean): Check[] {
  const { testCluster } = session.options;
  const release = { title: 'Redis', values: { 'monitoring.stores.enabled': true }, needs };
  const deleteControlPlane = async (target: LoadedRelease) => {
    if (!testCluster) throw new SkipCheck("Dapr's control plane may serve others: only with --test-cluster");
    return deleteControlPlanePods(target);
  };
  const slowFaults: Fault[] = [
    ["no order is lost when the state store's pod is deleted", deleteStateStorePod],
    ["orders are acknowledged and decided while Dapr's control plane is deleted", deleteControlPlane],
  ];
  return releaseChecks(session, release, (check) => [
    check("README's commands place an order that becomes VALIDATED", () => placeFirstOrder(session.cluster)),
    check('helm test places an order that becomes VALIDATED', (measure) =>
      runHelmTest(session.cluster, release.title, measure),
    ),
    check("a collector receives an order's trace, with the sidecars' spans", () => checkTrace(session.cluster)),
    check(
      'a neighbour with a sidecar of its own may invoke no service',
      () => checkInvocations(session.cluster, session.options.image),
      2 * MINUTE_MS,
    ),
    check('the fill levels of both stores are exported', () => checkFillLevels(session.cluster)),
    check('the kubelet reports the idle use of every container', (measure) => measureIdleUse(session.cluster, measure)),
    ...(full
      ? [check("README's commands load it through forwarded ports", () => loadThroughForwardedPorts(session.cluster))]
      : []),
    ...loadChecks(session, release, [
      ['orders are acknowledged without a fault', runWithoutFault],
      ['orders are acknowledged while a pod of each service is deleted', deletePodOfEachService],
      ["orders are acknowledged while the broker's pod is deleted, and then decided", deleteBrokerPod],
      ['orders are acknowledged without a consumer service, and decided after its return', scaleConsumerToZero],
      ['no request fails during a rolling upgrade', upgradeAllPods, 2.5 * MINUTE_MS],
      ...(full ? slowFaults : []),
    ]),
  ]);
}

/** The chart with Kafka: the checks whose result depends on the broker. */
export function kafkaChecks(session: Session, values: Values, needs: readonly string[]): Check[] {
  const release = { title: 'Kafka', values: { 'broker.kind': 'kafka', ...values }, needs };
  return releaseChecks(session, release, (check) => [
    check("README's commands place an order that becomes VALIDATED", () => placeFirstOrder(session.cluster)),
    check('helm test places an order that becomes VALIDATED', (measure) =>
      runHelmTest(session.cluster, release.title, measure),
    ),
    ...loadChecks(session, release, [
      ['orders are acknowledged without a fault', runWithoutFault],
      ['orders are acknowledged while a pod of each service is deleted', deletePodOfEachService],
      ["orders are acknowledged while the broker's pod is deleted, and then decided", deleteBrokerPod],
      ['orders are acknowledged without a consumer service, and decided after its return', scaleConsumerToZero],
    ]),
  ]);
}

/** The chart with PostgreSQL as the state store. The checks with a token issuer use the same release. */
export function postgresqlChecks(session: Session, values: Values, needs: readonly string[]): Check[] {
  const release = { title: 'PostgreSQL', values: { 'stateStore.kind': 'postgresql', ...values }, needs };
  return releaseChecks(session, release, (check) => [
    check("README's commands place an order that becomes VALIDATED", () => placeFirstOrder(session.cluster)),
    ...loadChecks(session, release, [
      ['orders are acknowledged without a fault', runWithoutFault],
      ["no order is lost when the state store's pod is deleted", deleteStateStorePod],
    ]),
    check(
      'with a token issuer, a consumer can order only with a token of its own',
      () => checkTokens(session.cluster, session.options.image),
      2 * MINUTE_MS,
    ),
  ]);
}

/** Creates a check of an installed release; `expectedMs` as in Check. */
type CreateCheck = (name: string, run: Check['run'], expectedMs?: number) => Check;

const installName = ({ title }: Release) => `${title}: after helm install every pod is ready, with its sidecar`;

function releaseChecks(session: Session, release: Release, createChecks: (check: CreateCheck) => Check[]): Check[] {
  const { title, needs } = release;
  const installed = installName(release);
  const check: CreateCheck = (name, run, expectedMs) => ({
    name: `${title}: ${name}`,
    needs: [installed],
    run,
    ...(expectedMs && { expectedMs }),
  });
  return [
    {
      name: installed,
      needs,
      expectedMs: 2 * MINUTE_MS,
      run: async (measure) => {
        await startCollector(session.cluster, session.options.image);
        const startedAt = performance.now();
        await install(session.cluster, { ...commonValues(session), ...release.values }).catch(async (cause: Error) => {
          throw new Error(`${cause.message}\n${await notReadyReasons(session.cluster)}`, { cause });
        });
        measure(`${title}: helm install until ready`, inWords(performance.now() - startedAt));
        return requireReadyPods(session.cluster);
      },
    },
    ...createChecks(check),
    {
      ...check('helm uninstall leaves only volumes, passwords and keys', () => uninstallRelease(session.cluster)),
      teardownFor: installed,
    },
  ];
}

type Fault = readonly [name: string, run: (target: LoadedRelease) => Promise<string>, expectedMs?: number];

/** One load, the faults under it in sequence, and a comparison of all its orders with the state store. */
function loadChecks(session: Session, release: Release, faults: readonly Fault[]): Check[] {
  const { title } = release;
  const started = `${title}: a load starts`;
  let load: SteadyLoad | undefined;
  const startedLoad = () => {
    if (load === undefined) throw new Error('the load was not started');
    return load;
  };
  return [
    {
      name: started,
      needs: [installName(release)],
      async run() {
        load = new SteadyLoad(session.cluster, `load-${title.toLowerCase()}`);
        await load.start(session.options.k6Image);
        return '';
      },
    },
    ...faults.map(
      ([name, run, expectedMs]): Check => ({
        name: `${title}, under load: ${name}`,
        needs: [started],
        run: (measure) => run({ title, cluster: session.cluster, load: startedLoad(), measure }),
        ...(expectedMs && { expectedMs }),
      }),
    ),
    {
      name: `${title}: no order of the load is lost, doubled or undecided`,
      needs: [started],
      teardownFor: started,
      run: async () => checkOrders(session.cluster, await startedLoad().stop()),
    },
  ];
}

async function requireReadyPods(cluster: Cluster): Promise<string> {
  const counts = [];
  for (const service of await listServices(cluster)) {
    const pods = await listPods(cluster, componentPods(service));
    if (pods.length < 2) throw new Error(`${service} has ${pods.length} pods, not 2 or more`);
    for (const pod of pods) {
      const notReady = notReadyContainer(pod);
      if (notReady !== undefined) throw new Error(notReady);
      if (!hasSidecar(pod)) throw new Error(`${pod.metadata.name} has no sidecar`);
    }
    counts.push(`${pods.length} ${service}`);
  }
  return `pods: ${counts.join(', ')}`;
}

async function uninstallRelease(cluster: Cluster): Promise<string> {
  const kept = await uninstallAndCompare(cluster);
  await deleteKeptData(cluster);
  return kept.join(', ');
}
