import { inWords } from '../../deploy/tools/src/report.ts';
import type { Measure } from './check-runner.ts';
import type { Cluster } from './cluster.ts';
import { describeWindow, type FaultWindow, findIntakeFault } from './fault-window.ts';
import { RATE, type SteadyLoad } from './load.ts';
import {
  componentPods,
  listPods,
  listServices,
  RELEASE,
  replaceOneOfEach,
  upgradeRelease,
  waitForRollout,
} from './release.ts';
import { findUndecided, waitUntilDecided } from './store.ts';

/** A release under load, and the table of measurements. */
export interface LoadedRelease {
  /** Prefix of the rows in the table. */
  readonly title: string;
  readonly cluster: Cluster;
  readonly load: SteadyLoad;
  readonly measure: Measure;
}

/** Records the availability and the speed, which depend on the machine, and requires that all acknowledged orders are decided. */
async function recordResult(
  { title, cluster, measure }: LoadedRelease,
  what: string,
  faultWindow: FaultWindow,
): Promise<string> {
  const result = describeWindow(faultWindow);
  if (faultWindow.acknowledged.length === 0)
    throw new Error(`no order was acknowledged, so the check proves no promise: ${result}`);
  measure(`${title}, ${RATE} orders/s: ${what}`, result);
  await waitUntilDecided(cluster, faultWindow.acknowledged);
  return `${result}; all of them are stored and decided`;
}

/** For a fault that must not stop the intake of orders. */
function requireIntake(faultWindow: FaultWindow): void {
  const fault = findIntakeFault(faultWindow);
  if (fault !== undefined) throw new Error(fault);
}

/** Some seconds of the load without a fault. */
export async function runWithoutFault(target: LoadedRelease): Promise<string> {
  const faultWindow = await target.load.during(() => target.load.waitFor(5_000));
  requireIntake(faultWindow);
  return recordResult(target, 'no fault', faultWindow);
}

/** Deletes one pod of each service at once; the other pods take over. */
export async function deletePodOfEachService(target: LoadedRelease): Promise<string> {
  const { cluster, load } = target;
  const selections = (await listServices(cluster)).map(componentPods);
  const faultWindow = await load.during(() => replaceOneOfEach(cluster, selections));
  requireIntake(faultWindow);
  return recordResult(target, 'a pod of each service deleted', faultWindow);
}

/** Deletes the only pod of the broker; its replacement uses the same volume. */
export async function deleteBrokerPod(target: LoadedRelease): Promise<string> {
  const faultWindow = await target.load.during(() => replaceOneOfEach(target.cluster, [componentPods('broker')]));
  requireIntake(faultWindow);
  return recordResult(target, "the broker's pod deleted", faultWindow);
}

/** Deletes the only pod of the state store; its replacement uses the same volume. In between no order can be acknowledged. */
export async function deleteStateStorePod(target: LoadedRelease): Promise<string> {
  const faultWindow = await target.load.during(() => replaceOneOfEach(target.cluster, [componentPods('state-store')]));
  return recordResult(target, "the state store's pod deleted", faultWindow);
}

const CONTROL_PLANE = ['operator', 'placement-server', 'sentry', 'sidecar-injector'];

/** Deletes every pod of Dapr's control plane at once. */
export async function deleteControlPlanePods(target: LoadedRelease): Promise<string> {
  const selections = CONTROL_PLANE.map((program) => ({ selector: `app=dapr-${program}`, namespace: 'dapr-system' }));
  const faultWindow = await target.load.during(() => replaceOneOfEach(target.cluster, selections));
  requireIntake(faultWindow);
  return recordResult(target, "the pods of Dapr's control plane deleted", faultWindow);
}

/** Scales the consumer service to zero and back: every order is acknowledged, stays PENDING, and is decided afterwards. */
export async function scaleConsumerToZero(target: LoadedRelease): Promise<string> {
  const { cluster, load } = target;
  const consumer = `deployment/${RELEASE}-consumer`;
  const { replicas } = (await cluster.get(consumer)).spec;
  const scale = (count: number) => cluster.kubectl(['scale', consumer, `--replicas=${count}`]);
  const hasNoPod = async () => (await listPods(cluster, componentPods('consumer'))).length === 0 || undefined;
  let undecided = 0;
  const fault = async () => {
    try {
      await scale(0);
      await cluster.waitFor('no pod of the consumer service', hasNoPod, 60_000);
      await load.waitFor(5_000);
      undecided = (await findUndecided(cluster, load.acknowledged)).length;
    } finally {
      if (!cluster.signal.aborted) await scale(replicas);
    }
    await waitForRollout(cluster, consumer);
  };
  const faultWindow = await load.during(fault);
  requireIntake(faultWindow);
  if (undecided === 0) throw new Error('every order was decided: the consumer service was not stopped');
  const result = await recordResult(target, 'consumer service scaled to zero and back', faultWindow);
  return `${result}; ${undecided} were PENDING until its return`;
}

/** Replaces every pod by an upgrade of the release, which has two replicas of each service: no request fails. */
export async function upgradeAllPods(target: LoadedRelease): Promise<string> {
  const { title, cluster, load, measure } = target;
  let upgradeMs = 0;
  const faultWindow = await load.during(async () => {
    const startedAt = performance.now();
    await upgradeRelease(cluster, { 'defaults.podAnnotations': { rolled: String(Date.now()) } });
    upgradeMs = performance.now() - startedAt;
  });
  if (faultWindow.missed.length > 0) throw new Error(`requests failed: ${describeWindow(faultWindow)}`);
  measure(`${title}: rolling upgrade of all services, until the last old pod has ended`, inWords(upgradeMs));
  return `${inWords(upgradeMs)}; ${await recordResult(target, 'rolling upgrade of all services', faultWindow)}`;
}
