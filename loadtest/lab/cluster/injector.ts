import { setTimeout as pause } from 'node:timers/promises';
import type { Kubectl } from '../../cluster/kubectl.ts';
import type { Applied, Injector } from '../inject/injector.ts';
import type { Action, Component, Fault, Target } from '../timetable/schema.ts';
import { containerIdOf, killContainer, type Pod } from './container.ts';
import { drainNode } from './node.ts';

const POLL_MS = 500;
const GONE_MS = 60_000;
const BACK_MS = 180_000;

/** Of the faults of local processes, kubectl can delete and scale pods. For the others a cluster needs Chaos Mesh (chaos-mesh/objects.ts). */
function isSupported(action: Action): boolean {
  if (action.do === 'kill') return action.targets.every((target) => !target.endsWith('-sidecar'));
  return ['delete-pod', 'kill-container', 'drain-node'].includes(action.do);
}

/** Whether kubectl alone can apply a fault. */
export const isClusterFault = ({ actions }: Pick<Fault, 'actions'>): boolean => actions.every(isSupported);

export interface ClusterInjectorOptions {
  /** Works also after an interrupt, which the fault must be undone after. */
  readonly kubectl: Pick<Kubectl, 'run' | 'get' | 'apply'>;
  readonly release: string;
  /** Name of the pod with the load, whose node is not drained. */
  readonly loadPod: string;
  /** Ends the waits for an effect. */
  readonly signal: AbortSignal;
}

/** Injects faults with kubectl. Of the faults of local processes, a replica of the order service is a deleted pod, and any other target is scaled to zero. */
export function createClusterInjector({ kubectl, release, loadPod, signal }: ClusterInjectorOptions): Injector {
  const selector = (component: string) =>
    `app.kubernetes.io/instance=${release},app.kubernetes.io/component=${component}`;
  const podsOf = async (component: string): Promise<readonly Pod[]> =>
    (await kubectl.get('pods', '--selector', selector(component))).items;
  const workloadOf = (component: Component) =>
    `${component === 'broker' || component === 'state-store' ? 'statefulset' : 'deployment'}/${release}-${component}`;

  async function until(description: string, holds: () => Promise<boolean>, deadlineMs: number): Promise<void> {
    const end = performance.now() + deadlineMs;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`${description}: not within ${deadlineMs / 1_000} s`);
      await pause(POLL_MS, undefined, { signal });
    }
  }

  const rolledOut = async (workload: string): Promise<void> => {
    const args = ['rollout', 'status', workload, `--timeout=${BACK_MS / 1_000}s`];
    await kubectl.run(args, { deadlineMs: BACK_MS + POLL_MS });
  };

  async function firstPodOf(component: Component): Promise<Pod> {
    const [pod] = await podsOf(component);
    if (pod === undefined) throw new Error(`${release} has no pod of ${component}`);
    return pod;
  }

  /** Deletes one pod without grace, as a failed node does. Its workload replaces it at once. */
  async function deletePod(component: Component): Promise<Applied> {
    const { name, uid } = (await firstPodOf(component)).metadata;
    await kubectl.run(['delete', 'pod', name, '--grace-period=0', '--force', '--wait=false']);
    const isGone = async () => (await podsOf(component)).every((each) => each.metadata.uid !== uid);
    await until(`${name} is deleted`, isGone, GONE_MS);
    return { undo: () => rolledOut(workloadOf(component)) };
  }

  /** Kills the container named as the component. The kubelet starts it again at once. */
  async function killContainerOf(component: Component): Promise<Applied> {
    const pod = await firstPodOf(component);
    const { name, uid } = pod.metadata;
    const killed = containerIdOf(pod, component);
    await killContainer(kubectl, pod, component);
    const isAnother = async () => {
      const now = (await podsOf(component)).find(({ metadata }) => metadata.uid === uid);
      return now !== undefined && containerIdOf(now, component) !== killed;
    };
    await until(`the container ${component} of ${name} is another one`, isAnother, GONE_MS);
    return { undo: () => rolledOut(workloadOf(component)) };
  }

  async function scaleToZero(component: Component): Promise<Applied> {
    const workload = workloadOf(component);
    const { replicas } = (await kubectl.get(workload)).spec;
    const undo = async () => {
      await kubectl.run(['scale', workload, `--replicas=${replicas}`]);
      await rolledOut(workload);
    };
    const now = ['--grace-period=0', '--force', '--wait=false'];
    try {
      await kubectl.run(['scale', workload, '--replicas=0']);
      await kubectl.run(['delete', 'pods', '--selector', selector(component), ...now]);
      await until(`no pod of ${component}`, async () => (await podsOf(component)).length === 0, GONE_MS);
    } catch (error) {
      await undo();
      throw error;
    }
    return { undo };
  }

  async function drain(): Promise<Applied> {
    const { uncordon } = await drainNode(kubectl, release, loadPod);
    const undo = async () => {
      await uncordon();
      const { items } = await kubectl.get(
        'deployments,statefulsets',
        '--selector',
        `app.kubernetes.io/instance=${release}`,
      );
      const workloads = items.map(
        ({ kind, metadata }: { kind: string; metadata: { name: string } }) => `${kind}/${metadata.name}`,
      );
      await Promise.all(workloads.map(rolledOut));
    };
    return { undo };
  }

  function killTarget(target: Target): Promise<Applied> {
    if (target === 'order-1' || target === 'order-2') return deletePod('order');
    return scaleToZero(target as Component);
  }

  async function killAll(targets: readonly Target[]): Promise<Applied> {
    const results = await Promise.allSettled(targets.map(killTarget));
    const applied = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const undo = async () => void (await Promise.all(applied.map((each) => each.undo())));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return { undo };
    await undo();
    throw failed.reason;
  }

  return {
    async apply(action) {
      if (action.do === 'delete-pod') return deletePod(action.component);
      if (action.do === 'kill-container') return killContainerOf(action.component);
      if (action.do === 'drain-node') return drain();
      if (action.do === 'kill' && isSupported(action)) return killAll(action.targets);
      throw new Error(`kubectl cannot apply "${action.do}"; use Chaos Mesh: npm run lab -- chaos-mesh`);
    },
  };
}
