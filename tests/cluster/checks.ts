import { inWords } from '../../deploy/tools/src/report.ts';
import type { Cluster } from './cluster.ts';
import { collectorUrl, startCollector } from './collector.ts';
import {
  brokerDeleted,
  controlPlaneDeleted,
  podsDeleted,
  rolled,
  scaledToZero,
  stateStoreDeleted,
  type UnderLoad,
  undisturbed,
} from './faults.ts';
import { firstOrder, helmTest, idle, loadByForwardedPorts, traced } from './first-order.ts';
import { tokensAsked } from './issuer.ts';
import { checked, SteadyLoad } from './load.ts';
import {
  hasSidecar,
  install,
  lateIn,
  ofComponent,
  pods,
  removeWhatIsKept,
  services,
  troubles,
  uninstallAndCompare,
  type Values,
} from './release.ts';
import { type Check, NotHere } from './report.ts';
import type { Session } from './session.ts';

const minute = 60_000;

/** What all releases of this test have in common. */
export function valuesOf({ options, cluster, dapr }: Session): Values {
  const colon = options.image.lastIndexOf(':');
  return {
    'image.repository': options.image.slice(0, colon),
    'image.tag': options.image.slice(colon + 1),
    'telemetry.otlpEndpoint': collectorUrl(cluster),
    'networkPolicy.daprNamespace': dapr.namespace,
  };
}

/** A release that the checks between its first and its last are made on. */
interface Release {
  /** Begins the names of its checks. */
  readonly title: string;
  readonly values: Values;
  readonly needs: readonly string[];
}

/** The chart with Redis for all, in full or with what a build server has the time for. */
export function redisChecks(session: Session, needs: readonly string[], full: boolean): Check[] {
  const { testCluster } = session.options;
  const release = { title: 'Redis', values: {}, needs };
  const controlPlane = async (under: UnderLoad) => {
    if (!testCluster) throw new NotHere("Dapr's control plane may serve others: only with --test-cluster");
    return controlPlaneDeleted(under);
  };
  const inFull: Fault[] = [
    ["the state store's pod deleted: nothing is lost", stateStoreDeleted],
    ["Dapr's control plane deleted: orders are taken, and decided", controlPlane],
  ];
  return between(session, release, (after) => [
    after("README's commands reach it and take an order to VALIDATED", () => firstOrder(session.cluster)),
    after('helm test takes an order to VALIDATED', (findings) => helmTest(session.cluster, release.title, findings)),
    after("an order's trace, with the sidecars' spans, reaches a collector", () => traced(session.cluster)),
    after('idle, it needs little', (findings) => idle(session.cluster, findings)),
    ...(full
      ? [after("README's commands load it through forwarded ports", () => loadByForwardedPorts(session.cluster))]
      : []),
    ...underLoad(session, release, [
      ['nothing amiss: orders are taken', undisturbed],
      ['a pod of each service deleted: orders are taken, nothing is lost', podsDeleted],
      ["the broker's pod deleted: orders are taken, and decided", brokerDeleted],
      ['consumer scaled to zero: orders are taken, and decided when it is back', scaledToZero],
      ['a rolling upgrade: no request fails', rolled, 2.5 * minute],
      ...(full ? inFull : []),
    ]),
  ]);
}

/** The chart with Kafka: what the broker makes different. */
export function kafkaChecks(session: Session, values: Values, needs: readonly string[]): Check[] {
  const release = { title: 'Kafka', values: { 'broker.kind': 'kafka', ...values }, needs };
  return between(session, release, (after) => [
    after("README's commands reach it and take an order to VALIDATED", () => firstOrder(session.cluster)),
    after('helm test takes an order to VALIDATED', (findings) => helmTest(session.cluster, release.title, findings)),
    ...underLoad(session, release, [
      ['nothing amiss: orders are taken', undisturbed],
      ['a pod of each service deleted: orders are taken, nothing is lost', podsDeleted],
      ["the broker's pod deleted: orders are taken, and decided", brokerDeleted],
      ['consumer scaled to zero: orders are taken, and decided when it is back', scaledToZero],
    ]),
  ]);
}

/** The chart with PostgreSQL as the state store; and, since it is there, with an issuer of tokens. */
export function postgresqlChecks(session: Session, values: Values, needs: readonly string[]): Check[] {
  const release = { title: 'PostgreSQL', values: { 'stateStore.kind': 'postgresql', ...values }, needs };
  return between(session, release, (after) => [
    after("README's commands reach it and take an order to VALIDATED", () => firstOrder(session.cluster)),
    ...underLoad(session, release, [
      ['nothing amiss: orders are taken', undisturbed],
      ["the state store's pod deleted: nothing is lost", stateStoreDeleted],
    ]),
    after(
      'with an issuer, only who has a token orders, and only for themselves',
      () => tokensAsked(session.cluster, session.options.image),
      2 * minute,
    ),
  ]);
}

/** Makes a check of an installed release; `takesMs` as in Check. */
type After = (name: string, run: Check['run'], takesMs?: number) => Check;

const installedName = ({ title }: Release) => `${title}: helm install, and every pod is ready, with its sidecar`;

function between(session: Session, release: Release, checks: (after: After) => Check[]): Check[] {
  const { title, needs } = release;
  const installed = installedName(release);
  const after: After = (name, run, takesMs) => ({
    name: `${title}: ${name}`,
    needs: [installed],
    run,
    ...(takesMs && { takesMs }),
  });
  return [
    {
      name: installed,
      needs,
      takesMs: 2 * minute,
      run: async ({ measured }) => {
        await startCollector(session.cluster, session.options.image);
        const began = performance.now();
        await install(session.cluster, { ...valuesOf(session), ...release.values }).catch(async (cause: Error) => {
          throw new Error(`${cause.message}\n${await troubles(session.cluster)}`, { cause });
        });
        measured(`${title}: helm install until ready`, inWords(performance.now() - began));
        return everyPodIsReady(session.cluster);
      },
    },
    ...checks(after),
    {
      ...after('helm uninstall leaves volumes, passwords and keys, and nothing else', () =>
        uninstalled(session.cluster),
      ),
      concludes: installed,
    },
  ];
}

type Fault = readonly [name: string, run: (under: UnderLoad) => Promise<string>, takesMs?: number];

/** One load, the faults under it one after the other, and what the store says of all of it. */
function underLoad(session: Session, release: Release, faults: readonly Fault[]): Check[] {
  const { title } = release;
  const begins = `${title}: a load begins`;
  let load: SteadyLoad | undefined;
  const loadOf = () => {
    if (load === undefined) throw new Error('there is no load');
    return load;
  };
  return [
    {
      name: begins,
      needs: [installedName(release)],
      async run() {
        load = new SteadyLoad(session.cluster, `load-${title.toLowerCase()}`);
        await load.start(session.options.k6Image);
        return '';
      },
    },
    ...faults.map(
      ([name, run, takesMs]): Check => ({
        name: `${title}, under load: ${name}`,
        needs: [begins],
        run: (findings) => run({ title, cluster: session.cluster, load: loadOf(), findings }),
        ...(takesMs && { takesMs }),
      }),
    ),
    {
      name: `${title}: of all orders of that load none is lost, doubled or left undecided`,
      needs: [begins],
      concludes: begins,
      run: async () => checked(session.cluster, await loadOf().end()),
    },
  ];
}

async function everyPodIsReady(cluster: Cluster): Promise<string> {
  const found = [];
  for (const service of await services(cluster)) {
    const ofService = await pods(cluster, ofComponent(service));
    if (ofService.length < 2) throw new Error(`${ofService.length} pods of ${service}`);
    for (const pod of ofService) {
      const late = lateIn(pod);
      if (late !== undefined) throw new Error(late);
      if (!hasSidecar(pod)) throw new Error(`${pod.metadata.name} has no sidecar`);
    }
    found.push(`${ofService.length} ${service}`);
  }
  return `pods: ${found.join(', ')}`;
}

async function uninstalled(cluster: Cluster): Promise<string> {
  const left = await uninstallAndCompare(cluster);
  await removeWhatIsKept(cluster);
  return left.join(', ');
}
