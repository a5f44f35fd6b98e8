import { inWords } from '../tools/src/plain/report.mjs';
import type { Cluster } from './cluster.ts';
import { availabilityOf, checked, type LoadOrder, load } from './load.ts';
import { pods, RELEASE, rolledOut, services, upgrade } from './release.ts';
import type { Findings } from './report.ts';
import type { Session } from './session.ts';

const DECIDED_WITHIN_MS = 120_000;
/** Of the rolling upgrade: what the pods reserve lets a node of two cores start one at a time, beside the load. */
const ROLL_SECONDS = 180;
/** How long `rolled` takes, about. */
export const ROLL_MS = (ROLL_SECONDS + 30) * 1_000;
/** Orders per second: what two cores carry beside a cluster. */
const RATE = 10;

/** A run of load with an availability before, during and after, checked against the store in the end. */
async function faulted(session: Session, order: Pick<LoadOrder, 'name' | 'variables' | 'fault'>, atLeast: number) {
  const { cluster, options } = session;
  const variables = { RATE, BEFORE_SECONDS: 5, DURING_SECONDS: 20, AFTER_SECONDS: 5, ...order.variables };
  const run = await load(cluster, { ...order, image: options.k6Image, scenario: 'availability', variables });
  const verdict = await checked(cluster, run.requests, DECIDED_WITHIN_MS);
  const availability = availabilityOf(run);
  const worst = Math.min(...run.summary.phases.map((phase) => phase.availability));
  if (worst < atLeast) throw new Error(`${availability}; ${reasonsOf(run.requests)}; ${verdict}`);
  return { availability, verdict };
}

function reasonsOf(requests: readonly { readonly error?: string }[]): string {
  const reasons = Map.groupBy(requests, ({ error }) => error);
  return [...reasons].flatMap(([error, of]) => (error === undefined ? [] : [`${of.length} x ${error}`])).join(', ');
}

/** The consumer service away for a while, by its Deployment: every order is taken, waits, and is decided afterwards. */
export async function scaledToZero(session: Session, broker: string): Promise<string> {
  const { cluster } = session;
  const consumer = `deployment/${RELEASE}-consumer`;
  const { replicas } = (await cluster.get(consumer)).spec;
  const scale = (count: number) => cluster.kubectl(['scale', consumer, `--replicas=${count}`]);
  const gone = async () => ((await pods(cluster, 'consumer')).length === 0 ? true : undefined);
  const fault = async () => {
    await scale(0);
    await cluster.eventually('no pod of the consumer service', gone, 60_000);
  };
  try {
    const { k6Image: image } = session.options;
    const variables = { RATE, BEFORE_SECONDS: 3, DURING_SECONDS: 20, AFTER_SECONDS: 5, GOAL: 100 };
    const run = await load(cluster, {
      name: `${broker.toLowerCase()}-scaled-to-zero`,
      image,
      scenario: 'availability',
      variables,
      fault,
    });
    if (!run.reached) throw new Error(`${availabilityOf(run)}; ${reasonsOf(run.requests)}`);
    const waiting = await checked(cluster, run.requests, 0).then(
      () => undefined,
      (error: Error) => /stuck: [1-9]\d*/.exec(error.message)?.[0],
    );
    if (waiting === undefined) throw new Error('every order was decided: the consumer service was not away');
    await scale(replicas);
    await rolledOut(cluster, consumer);
    return `${availabilityOf(run)}; then ${waiting.replace('stuck: ', '')} waited; ${await checked(cluster, run.requests, DECIDED_WITHIN_MS)}`;
  } finally {
    if (!session.signal.aborted) await scale(replicas);
  }
}

async function deleteOne(cluster: Cluster, component: string): Promise<void> {
  const [pod] = await pods(cluster, component);
  if (pod === undefined) throw new Error(`there is no pod of ${component}`);
  await cluster.kubectl(['delete', 'pod', pod.metadata.name, '--wait=false']);
}

/** One pod of each service deleted at once, as a drained node or an operator would do it. */
export async function podsDeleted(session: Session, { measured }: Findings): Promise<string> {
  const { cluster } = session;
  const all = await services(cluster);
  const fault = async () => {
    for (const service of all) await deleteOne(cluster, service);
    for (const service of all) await rolledOut(cluster, `deployment/${RELEASE}-${service}`);
  };
  const { availability, verdict } = await faulted(
    session,
    { name: 'pods-deleted', variables: { DURING_SECONDS: 35 }, fault },
    0,
  );
  measured(`a pod of each service deleted, ${RATE} orders/s`, availability);
  return `${availability}; ${verdict}`;
}

interface Backend {
  readonly component: 'broker' | 'state-store';
  /** For people. */
  readonly what: string;
  /** What must be acknowledged at the worst, 0 to 1. */
  readonly atLeast: number;
}

/** The only pod of a store or a broker deleted; it comes back with its volume. */
export async function backendDeleted(session: Session, backend: Backend, { measured }: Findings): Promise<string> {
  const { cluster } = session;
  const { component, what, atLeast } = backend;
  const fault = async () => {
    await deleteOne(cluster, component);
    await rolledOut(cluster, `statefulset/${RELEASE}-${component}`);
  };
  const name = `${what.toLowerCase().replaceAll(/[^a-z]+/g, '-')}-deleted`;
  const { availability, verdict } = await faulted(session, { name, variables: {}, fault }, atLeast);
  measured(`${what}'s pod deleted, ${RATE} orders/s`, availability);
  return `${availability}; ${verdict}`;
}

/** Every pod replaced by an upgrade of the release, with two replicas each. */
export async function rolled(session: Session, { measured }: Findings): Promise<string> {
  const { cluster } = session;
  let rolledMs = 0;
  const fault = async () => {
    const began = performance.now();
    await upgrade(cluster, { 'defaults.podAnnotations': { rolled: String(Date.now()) } });
    rolledMs = performance.now() - began;
  };
  const order = { name: 'rolled', variables: { DURING_SECONDS: ROLL_SECONDS, GOAL: 100 }, fault };
  const { availability, verdict } = await faulted(session, order, 1);
  const took = inWords(rolledMs);
  if (rolledMs > ROLL_SECONDS * 1_000)
    throw new Error(`the upgrade took ${took}, longer than the load: ${availability}`);
  measured(`rolling upgrade of all services, ${RATE} orders/s`, `${took}; ${availability}`);
  return `${took}; ${availability}; ${verdict}`;
}
