import type { Kubectl } from '../../cluster/kubectl.ts';
import type { Pod } from './container.ts';

const DRAIN_MS = 180_000;

/**
 * Drains the node with the most pods of a release, but not that of the load. Resolves when the node takes no pod and has none of the
 * release. Rejects if there is no such node, or if it cannot be drained; then it takes pods again.
 */
export async function drainNode(
  kubectl: Pick<Kubectl, 'run' | 'get'>,
  release: string,
  loadPod: string,
): Promise<{ uncordon(): Promise<void> }> {
  const nodesOfPods = async (): Promise<string[]> => {
    const { items } = await kubectl.get('pods', '--selector', `app.kubernetes.io/instance=${release}`);
    return (items as Pod[]).flatMap(({ spec }) => spec.nodeName ?? []);
  };
  const takesPods = async (name: string): Promise<boolean> =>
    (await kubectl.get('node', name)).spec.unschedulable !== true;

  const load = (await kubectl.get('pod', loadPod)) as Pod;
  const groups = Map.groupBy(await nodesOfPods(), (name) => name);
  const [node] = [...groups]
    .filter(([name]) => name !== load.spec.nodeName)
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([name]) => name);
  if (node === undefined)
    throw new Error(`every pod of ${release} is on the node of the load; draining needs a second node`);

  const uncordon = async () => {
    await kubectl.run(['uncordon', node]);
    if (!(await takesPods(node))) throw new Error(`${node} still takes no pods`);
  };
  try {
    const options = ['--ignore-daemonsets', '--delete-emptydir-data', `--timeout=${DRAIN_MS / 1_000}s`];
    await kubectl.run(['drain', node, ...options], { deadlineMs: DRAIN_MS + 5_000 });
    if (await takesPods(node)) throw new Error(`${node} takes pods after it was drained`);
    const left = (await nodesOfPods()).filter((name) => name === node).length;
    if (left > 0) throw new Error(`${node} still has ${left} pods of ${release}`);
  } catch (error) {
    await uncordon();
    throw error;
  }
  return { uncordon };
}
