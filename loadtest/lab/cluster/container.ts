import type { Kubectl } from '../../cluster/kubectl.ts';

const NAME = 'standing-order-lab-kill';
const DEADLINE_MS = 60_000;

/** The fields of a pod that the lab reads. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
  readonly status: { readonly containerStatuses?: readonly { readonly name: string; readonly containerID?: string }[] };
}

/** The id of the running container, without the name of the runtime; undefined while it does not run. */
export const containerIdOf = ({ status }: Pod, container: string): string | undefined =>
  status.containerStatuses?.find(({ name }) => name === container)?.containerID?.replace(/^.*:\/\//, '');

/** Sends SIGKILL to each process whose control group is that of the container with this id. */
const KILL = `
const { readdirSync, readFileSync } = require('node:fs');
const id = process.argv[1];
let killed = 0;
for (const pid of readdirSync('/proc').filter((name) => /^\\d+$/.test(name))) {
  try {
    if (!readFileSync('/proc/' + pid + '/cgroup', 'utf8').includes(id)) continue;
    process.kill(Number(pid), 'SIGKILL');
    killed += 1;
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
  }
}
console.log(killed + ' processes');
if (killed === 0) process.exit(1);
`;

/**
 * Kills the process of a container from its node: inside the container, process 1 ignores SIGKILL. Runs a privileged pod of the same
 * image, which the node therefore has.
 */
export async function killContainer(
  kubectl: Pick<Kubectl, 'run' | 'apply'>,
  pod: Pod,
  container: string,
): Promise<void> {
  const { spec, metadata } = pod;
  const id = containerIdOf(pod, container);
  const image = spec.containers.find(({ name }) => name === container)?.image;
  if (id === undefined || image === undefined || spec.nodeName === undefined)
    throw new Error(`${metadata.name} has no running container ${container}`);
  const remove = () =>
    kubectl.run(['delete', 'pod', NAME, '--ignore-not-found', '--grace-period=0', '--force', '--wait=true']);
  await remove();
  try {
    await kubectl.apply(killerPod(spec.nodeName, image, id));
    await kubectl.run(['wait', 'pod', NAME, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=30s'], {
      deadlineMs: DEADLINE_MS,
    });
  } finally {
    await remove();
  }
}

const killerPod = (nodeName: string, image: string, id: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: NAME },
  spec: {
    nodeName,
    hostPID: true,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'kill',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['node', '--eval', KILL, id],
        securityContext: { privileged: true, runAsUser: 0, runAsNonRoot: false },
      },
    ],
  },
});
