import { inWords } from '../../deploy/tools/src/report.ts';
import type { Cluster } from './cluster.ts';
import { RATE, type SteadyLoad } from './load.ts';
import { ofComponent, pods, RELEASE, replaceOneOfEach, rolledOut, services, upgrade } from './release.ts';
import type { Findings } from './report.ts';
import { decided, undecided } from './store.ts';
import { faultOfTaking, inWordsOf, type Stretch } from './stretch.ts';

/** A release under load, and where to put what is measured. */
export interface UnderLoad {
  /** Of the release, for what is measured. */
  readonly title: string;
  readonly cluster: Cluster;
  readonly load: SteadyLoad;
  readonly findings: Findings;
}

/** What it tells of speed depends on the machine, and is not judged. */
async function told({ title, cluster, findings }: UnderLoad, what: string, stretch: Stretch): Promise<string> {
  const words = inWordsOf(stretch);
  if (stretch.acknowledged.length === 0) throw new Error(`no order was taken, so that nothing is shown: ${words}`);
  findings.measured(`${title}, ${RATE} orders/s: ${what}`, words);
  await decided(cluster, stretch.acknowledged);
  return `${words}; all of them are there and decided`;
}

/** For what must not keep orders from being taken. */
function needTaken(stretch: Stretch): void {
  const fault = faultOfTaking(stretch);
  if (fault !== undefined) throw new Error(fault);
}

/** A while of the load with nothing else. */
export async function undisturbed(under: UnderLoad): Promise<string> {
  const stretch = await under.load.during(() => under.load.lasts(5_000));
  needTaken(stretch);
  return told(under, 'nothing amiss', stretch);
}

/** One pod of each service deleted at once; the others take over. */
export async function podsDeleted(under: UnderLoad): Promise<string> {
  const { cluster, load } = under;
  const selections = (await services(cluster)).map(ofComponent);
  const stretch = await load.during(() => replaceOneOfEach(cluster, selections));
  needTaken(stretch);
  return told(under, 'a pod of each service deleted', stretch);
}

/** The only pod of the broker deleted; it comes back with its volume. */
export async function brokerDeleted(under: UnderLoad): Promise<string> {
  const stretch = await under.load.during(() => replaceOneOfEach(under.cluster, [ofComponent('broker')]));
  needTaken(stretch);
  return told(under, "the broker's pod deleted", stretch);
}

/** The only pod of the state store deleted; it comes back with its volume. Meanwhile nothing can be taken. */
export async function stateStoreDeleted(under: UnderLoad): Promise<string> {
  const stretch = await under.load.during(() => replaceOneOfEach(under.cluster, [ofComponent('state-store')]));
  return told(under, "the state store's pod deleted", stretch);
}

const CONTROL_PLANE = ['operator', 'placement-server', 'sentry', 'sidecar-injector'];

/** Every pod of Dapr's control plane deleted at once. */
export async function controlPlaneDeleted(under: UnderLoad): Promise<string> {
  const selections = CONTROL_PLANE.map((part) => ({ selector: `app=dapr-${part}`, namespace: 'dapr-system' }));
  const stretch = await under.load.during(() => replaceOneOfEach(under.cluster, selections));
  needTaken(stretch);
  return told(under, "the pods of Dapr's control plane deleted", stretch);
}

/** The consumer service away for a while, by its Deployment: every order is taken, waits, and is decided afterwards. */
export async function scaledToZero(under: UnderLoad): Promise<string> {
  const { cluster, load } = under;
  const consumer = `deployment/${RELEASE}-consumer`;
  const { replicas } = (await cluster.get(consumer)).spec;
  const scale = (count: number) => cluster.kubectl(['scale', consumer, `--replicas=${count}`]);
  const gone = async () => (await pods(cluster, ofComponent('consumer'))).length === 0 || undefined;
  let waiting = 0;
  const fault = async () => {
    try {
      await scale(0);
      await cluster.eventually('no pod of the consumer service', gone, 60_000);
      await load.lasts(5_000);
      waiting = (await undecided(cluster, load.acknowledged)).length;
    } finally {
      if (!cluster.signal.aborted) await scale(replicas);
    }
    await rolledOut(cluster, consumer);
  };
  const stretch = await load.during(fault);
  needTaken(stretch);
  if (waiting === 0) throw new Error('every order was decided: the consumer service was not away');
  return `${await told(under, 'consumer service scaled to zero and back', stretch)}; ${waiting} waited for it`;
}

/** Every pod replaced by an upgrade of the release, with two replicas each: no request fails. */
export async function rolled(under: UnderLoad): Promise<string> {
  const { title, cluster, load, findings } = under;
  let rolledMs = 0;
  const stretch = await load.during(async () => {
    const began = performance.now();
    await upgrade(cluster, { 'defaults.podAnnotations': { rolled: String(Date.now()) } });
    rolledMs = performance.now() - began;
  });
  if (stretch.missed.length > 0) throw new Error(`requests failed: ${inWordsOf(stretch)}`);
  findings.measured(`${title}: rolling upgrade of all services, until the last old pod has ended`, inWords(rolledMs));
  return `${inWords(rolledMs)}; ${await told(under, 'rolling upgrade of all services', stretch)}`;
}
