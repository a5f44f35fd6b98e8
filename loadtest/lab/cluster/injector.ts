import { setTimeout as pause } from 'node:timers/promises';
import type { Kubectl } from '../../cluster/kubectl.ts';
import type { Applied, Injector } from '../inject/injector.ts';
import type { Action, Fault, Target } from '../timetable/schema.ts';

const POLL_MS = 500;
const GONE_MS = 60_000;
const BACK_MS = 180_000;

/** kubectl can delete and scale pods. For the other faults a cluster needs Chaos Mesh (chaos-mesh/objects.ts). */
const isSupported = (action: Action): boolean =>
  action.do === 'kill' && action.targets.every((target) => !target.endsWith('-sidecar'));

/** Whether kubectl alone can apply a fault. */
export const isClusterFault = ({ actions }: Pick<Fault, 'actions'>): boolean => actions.every(isSupported);

/** Injects faults with kubectl: a replica of the order service is a deleted pod, any other target is scaled to zero. */
export function createClusterInjector(kubectl: Kubectl, release: string): Injector {
  const selector = (component: string) =>
    `app.kubernetes.io/instance=${release},app.kubernetes.io/component=${component}`;
  const podsOf = async (component: string): Promise<{ metadata: { name: string; uid: string } }[]> =>
    (await kubectl.get('pods', '--selector', selector(component))).items;

  async function until(description: string, holds: () => Promise<boolean>, deadlineMs: number): Promise<void> {
    const end = performance.now() + deadlineMs;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`${description}: not within ${deadlineMs / 1_000} s`);
      await pause(POLL_MS);
    }
  }

  const rolledOut = (workload: string) =>
    kubectl.run(['rollout', 'status', workload, `--timeout=${BACK_MS / 1_000}s`], { deadlineMs: BACK_MS + POLL_MS });

  /** Deletes one pod without grace, as a failed node does. Its Deployment replaces it at once. */
  async function deletePod(component: string): Promise<Applied> {
    const [pod] = await podsOf(component);
    if (pod === undefined) throw new Error(`${release} has no pod of ${component}`);
    const { name, uid } = pod.metadata;
    await kubectl.run(['delete', 'pod', name, '--grace-period=0', '--force', '--wait=false']);
    const isGone = async () => (await podsOf(component)).every((each) => each.metadata.uid !== uid);
    await until(`${name} is deleted`, isGone, GONE_MS);
    return { undo: async () => void (await rolledOut(`deployment/${release}-${component}`)) };
  }

  async function scaleToZero(workload: string, component: string): Promise<Applied> {
    const { replicas } = (await kubectl.get(workload)).spec;
    const undo = async () => {
      await kubectl.run(['scale', workload, `--replicas=${replicas}`]);
      await rolledOut(workload);
    };
    await kubectl.run(['scale', workload, '--replicas=0']);
    try {
      await kubectl.run([
        'delete',
        'pods',
        '--selector',
        selector(component),
        '--grace-period=0',
        '--force',
        '--wait=false',
      ]);
      await until(`no pod of ${component}`, async () => (await podsOf(component)).length === 0, GONE_MS);
    } catch (error) {
      await undo();
      throw error;
    }
    return { undo };
  }

  function applyTo(target: Target): Promise<Applied> {
    if (target === 'order-1' || target === 'order-2') return deletePod('order');
    const kind = target === 'broker' || target === 'state-store' ? 'statefulset' : 'deployment';
    return scaleToZero(`${kind}/${release}-${target}`, target);
  }

  return {
    async apply(action) {
      if (action.do !== 'kill' || !isSupported(action))
        throw new Error(`kubectl cannot apply "${action.do}"; use Chaos Mesh: npm run lab -- chaos-mesh`);
      const results = await Promise.allSettled(action.targets.map(applyTo));
      const applied = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const undo = async () => void (await Promise.all(applied.map((each) => each.undo())));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed === undefined) return { undo };
      await undo();
      throw failed.reason;
    },
  };
}
